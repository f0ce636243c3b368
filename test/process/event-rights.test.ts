/** Events on a real nats-server, by the rights of each role: what is a namespace's own stays its own, and records stay telemetry's. */
import type { NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  againSubject,
  deadStream,
  deadSubject,
  eventConsumer,
  eventStream,
  eventSubject,
  invocationStream,
  retrySubject,
  type PlatformIdentity,
  type TenantIdentity,
} from '../../contract/index.ts';
import { connectNats, createLog, ensureEvents } from '../../process/index.ts';
import { ensureInvocationStream } from '../../telemetry/stream/invocation-stream.ts';
import { TestNats } from './nats-server.ts';

const log = createLog('ingress', { CLRK_LOG_LEVEL: 'silent' });
const poolA: TenantIdentity = { role: 'worker', namespace: 'team-a', name: 'main', uid: 'u-a' };
const gatewayA: TenantIdentity = { role: 'egress', namespace: 'team-a', name: 'gw', uid: 'u-ga' };
const nats = new TestNats({ tenants: [poolA, gatewayA] });
const connections: NatsConnection[] = [];

async function as(identity: PlatformIdentity): Promise<NatsConnection> {
  const connection = await connectNats(nats.accessOf(identity), { name: 'test', log });
  connections.push(connection);
  return connection;
}

beforeAll(async () => {
  await nats.start();
  const telemetry = await as({ role: 'telemetry' });
  await ensureInvocationStream(telemetry);
  const { consumer: durable_name, name } = invocationStream;
  const consumers = (await telemetry.jetstreamManager()).consumers;
  await consumers.add(name, { durable_name, ack_policy: 'explicit' as never }).catch(() => undefined);
  await ensureEvents(await as({ role: 'operator' }), 'team-a', [
    { uid: 'u', subject: 'a', maxConcurrent: 0 },
  ]);
}, 60_000);

afterAll(async () => {
  await Promise.all(connections.map((connection) => connection.close()));
  await nats[Symbol.asyncDispose]();
});

async function answered(identity: PlatformIdentity, subject: string, text = '{}'): Promise<string> {
  const connection = await as(identity);
  return await connection.request(subject, text, { timeout: 700 }).then(
    (message) => (message.json<{ error?: object }>().error === undefined ? 'taken' : 'refused'),
    (error: Error) => (/permissions violation/i.test(error.message) ? 'denied' : error.message),
  );
}

const events = eventSubject('team-a', 'a');
const dead = deadSubject('team-a', 'x', 'a');
const { name: records, consumer } = invocationStream;
const mine = `${eventStream('team-a')}.${eventConsumer('u', 'a')}`;

describe('events', () => {
  test.each<[string, PlatformIdentity, string, string]>([
    ['the ingress publishes', { role: 'ingress' }, events, 'taken'],
    ['the ingress gives up', { role: 'ingress' }, dead, 'taken'],
    ['S57: a pool publishes in its namespace', poolA, events, 'denied'],
    ['S57: a pool publishes in another', poolA, eventSubject('team-b', 'a'), 'denied'],
    ['S57: a gateway publishes', gatewayA, events, 'denied'],
    ['S57: a pool gives up', poolA, dead, 'denied'],
    ['the ingress keeps what failed', { role: 'ingress' }, retrySubject('team-a', 'c'), 'taken'],
    ['the ingress runs it again', { role: 'ingress' }, againSubject('team-a', 'c'), 'taken'],
    ['S57: a pool has an event run again', poolA, againSubject('team-a', 'c'), 'denied'],
    ['S57: a gateway keeps one as failed', gatewayA, retrySubject('team-a', 'c'), 'denied'],
    ['telemetry publishes', { role: 'telemetry' }, events, 'denied'],
    ['S57: a pool takes', poolA, `$JS.API.CONSUMER.MSG.NEXT.${mine}`, 'denied'],
    ['S57: a pool makes a consumer', poolA, `$JS.API.CONSUMER.CREATE.${eventStream('team-a')}.x`, 'denied'],
    [
      'the ingress makes a consumer',
      { role: 'ingress' },
      `$JS.API.CONSUMER.CREATE.${eventStream('team-a')}.x`,
      'denied',
    ],
    ['the operator takes', { role: 'operator' }, `$JS.API.CONSUMER.MSG.NEXT.${mine}`, 'denied'],
    [
      'the ingress takes records',
      { role: 'ingress' },
      `$JS.API.CONSUMER.MSG.NEXT.${records}.${consumer}`,
      'denied',
    ],
    [
      'the ingress acknowledges records',
      { role: 'ingress' },
      `$JS.ACK.${records}.${consumer}.1.1.1.1.0`,
      'denied',
    ],
    [
      'the ingress acknowledges records, with a domain',
      { role: 'ingress' },
      ...([`$JS.ACK._.x.${records}.${consumer}.1.1.1.1.0.y`, 'denied'] as const),
    ],
    [
      'the operator drops the consumer of records',
      { role: 'operator' },
      `$JS.API.CONSUMER.DELETE.${records}.${consumer}`,
      'denied',
    ],
    ['the operator changes records', { role: 'operator' }, `$JS.API.STREAM.UPDATE.${records}`, 'denied'],
    [
      'the operator reads its own',
      { role: 'operator' },
      `$JS.API.CONSUMER.LIST.${eventStream('team-a')}`,
      'taken',
    ],
  ])('%s', async (_name, identity, subject, expected) => {
    expect(await answered(identity, subject)).toBe(expected);
  });

  test('S57: no tenant hears any', async () => {
    const heard: string[] = [];
    const listening = await Promise.all([poolA, gatewayA].map(async (identity) => await as(identity)));
    for (const connection of listening) {
      for (const subject of ['clrk.events.>', 'clrk.events.team-a.>', 'clrk.dead.>', '>']) {
        connection.subscribe(subject, {
          callback: (error, message) => error === null && heard.push(message.subject),
        });
      }
      await connection.flush();
    }
    await answered({ role: 'ingress' }, events);
    await answered({ role: 'ingress' }, dead);
    await Promise.all(listening.map((connection) => connection.flush()));
    expect(heard).toEqual([]);
  });

  test('are each namespace’s own: streams, bounds, and what is given up', async () => {
    const manager = await (await as({ role: 'operator' })).jetstreamManager({ checkAPI: false });
    await manager.streams.add({ name: deadStream('team-a'), subjects: ['x'] }).then(
      () => expect.unreachable('a stream that is there was changed'),
      () => undefined,
    );
    expect(eventSubject('team.b', 'a')).toBe('clrk.events.team_b.a');
  });
});
