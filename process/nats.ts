/**
 * The connection to NATS: one a process, with its own identity and its own inboxes, reconnecting for ever once it was made.
 * Refused claims are an error at once; a server that is not there yet is one too (callers retry, so that they can stop).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { connect, jwtAuthenticator, type NatsConnection, type TlsOptions } from 'nats';
import { errorMessage, type PlatformEndpoints } from '../contract/index.ts';
import type { Log } from './log.ts';

export type NatsAccess = PlatformEndpoints['nats'] & {
  /** The one authority trusted for a `tls:` URL. */
  readonly caPem: string;
};

export interface NatsOptions {
  readonly name: string;
  readonly log: Log;
}

const retryMs = 1_000;
const reconnectMs = 250;
/** A dead peer is noticed after two missed pings. */
const pingMs = 5_000;

export async function connectNats(access: NatsAccess, { name, log }: NatsOptions): Promise<NatsConnection> {
  const { url, jwt, seed, inbox, caPem } = access;
  const connection = await connect({
    servers: url,
    authenticator: jwtAuthenticator(jwt, Buffer.from(seed)),
    inboxPrefix: inbox,
    ...(url.startsWith('tls:') ? { tls: tlsOf(url, caPem) } : {}),
    name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: reconnectMs,
    pingInterval: pingMs,
    maxPingOut: 2,
  });
  void logStatus(connection, log);
  return connection;
}

/** However late the server comes; undefined when the signal was first. */
export async function connectNatsAtLast(
  access: NatsAccess,
  options: NatsOptions & { readonly signal: AbortSignal },
): Promise<NatsConnection | undefined> {
  const { log, signal } = options;
  while (!signal.aborted) {
    try {
      return await connectNats(access, options);
    } catch (error) {
      log.warn({ reason: errorMessage(error) }, 'NATS not reachable yet');
      await delay(retryMs, undefined, { signal }).catch(() => undefined);
    }
  }
  return undefined;
}

/** The client asks a server that has only an address for the name `localhost`: it is asked for the URL's host instead. */
function tlsOf(url: string, ca: string): TlsOptions {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  const options = {
    ca,
    checkServerIdentity: (_asked: string, certificate: PeerCertificate) =>
      checkServerIdentity(host, certificate),
  };
  return options;
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
