/**
 * The connection to NATS: one a process, its role's user, reconnecting for ever once it was made. A refused password is
 * an error at once; a server that is not there yet is one too (callers retry, so that they can stop).
 */
import { connect, type NatsConnection } from 'nats';
import type { Log } from './log.ts';

export interface NatsAccess {
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

export interface NatsOptions {
  readonly name: string;
  readonly log: Log;
}

const reconnectMs = 250;
/** A dead peer is noticed after two missed pings. */
const pingMs = 5_000;

export async function connectNats(access: NatsAccess, { name, log }: NatsOptions): Promise<NatsConnection> {
  const connection = await connect({
    servers: access.url,
    user: access.user,
    pass: access.password,
    name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: reconnectMs,
    pingInterval: pingMs,
    maxPingOut: 2,
  });
  void logStatus(connection, log);
  return connection;
}

async function logStatus(connection: NatsConnection, log: Log): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'disconnect') log.warn({ component: 'nats' }, 'NATS connection lost');
    if (status.type === 'reconnect') log.info({ component: 'nats' }, 'NATS connection is back');
    if (status.type === 'error') {
      const reason = typeof status.data === 'object' ? JSON.stringify(status.data) : String(status.data);
      log.warn({ component: 'nats', reason }, 'NATS error');
    }
  }
}
