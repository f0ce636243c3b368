/** Two ingresses with the rights the role has, a real JetStream, the operator's hand: events that set agents off. */
import { randomUUID } from 'node:crypto';
import { trace } from '@opentelemetry/api';
import type { NatsConnection } from 'nats';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { IngressAgent, Invocation, WorkerStatus } from '../../contract/index.ts';
import { openIngress, type Ingress } from '../../ingress/ingress.ts';
import { natsEvents } from '../../ingress/nats-events.ts';
import { EventPlaces, hearDeadEvents, type DeadEvent } from '../../operator/nats-events.ts';
import { connectNats, type WantedTrigger } from '../../process/index.ts';
import { ensureInvocationStream } from '../../telemetry/stream/invocation-stream.ts';
import { TestNats } from '../process/nats-server.ts';
import { silentLog } from '../telemetry/embedded.ts';
import { call, type Answer } from './call.ts';
import { agent, certificates, configWith } from './ingress-bed.ts';
import { WorkerStub } from './worker-stub.ts';

const nats = new TestNats();
const soon = { timeout: 12_000, interval: 30 };
const connections: NatsConnection[] = [];
const events: Invocation[] = [];
const dead: DeadEvent[] = [];
const places = new EventPlaces();
let replicas: Ingress[] = [];
let operator: NatsConnection;
let worker: WorkerStub;
let workers: WorkerStatus[] = [];

const triggered = (name: string, subject: string, more: Partial<IngressAgent> = {}): IngressAgent => ({
  ...{ ...agent, name, uid: `u-${name}`, triggers: [{ subject, maxDeliver: 2 }] },
  ...more,
});
const agents = [
  triggered('orders', 'orders.*'),
  triggered('audit', '>'),
  triggered('one', 'one', { maxConcurrent: 1 }),
  triggered('once', 'once', { triggers: [{ subject: 'once', maxDeliver: 1 }] }),
  triggered('other', 'orders.*', { namespace: 'cellar', pool: 'shop/pool' }),
];
const wantedOf = (namespace: string): WantedTrigger[] =>
  agents
    .filter((each) => each.namespace === namespace)
    .flatMap(({ uid, maxConcurrent, triggers = [] }) =>
      triggers.map(({ subject }) => ({ uid, subject, maxConcurrent })),
    );

async function as(role: 'operator' | 'telemetry' | 'ingress'): Promise<NatsConnection> {
  const connection = await connectNats(nats.accessOf({ role }), { name: randomUUID(), log: silentLog });
  connections.push(connection);
  return connection;
}

async function open(): Promise<{ readonly ingress: Ingress; readonly connection: NatsConnection }> {
  const connection = await as('ingress');
  const ingress = await openIngress({
    ...{ host: '127.0.0.1', port: 0, log: silentLog, tracer: () => trace.getTracer('test') },
    publish: (subject, payload, msgID) => {
      events.push(JSON.parse(payload) as Invocation);
      return connection.jetstream().publish(subject, payload, { msgID });
    },
    liveWorkers: () => workers,
    events: natsEvents(() => connection),
  });
  ingress.configure(configWith(agents));
  replicas.push(ingress);
  return { ingress, connection };
}

beforeAll(async () => {
  await nats.start();
  operator = await as('operator');
  hearDeadEvents(operator, (each) => dead.push(each), silentLog);
  await ensureInvocationStream(await as('telemetry'));
  for (const namespace of ['shop', 'cellar']) {
    expect(await places.keep(operator, namespace, wantedOf(namespace))).toBeUndefined();
  }
  worker = await WorkerStub.start(certificates['worker.clrk.internal'], certificates.ca);
  workers = [worker.status('w1')];
}, 60_000);

beforeEach(async () => {
  worker.behaviour = (_seen, response) => void response.end('ok');
  await open();
  await open();
});

afterEach(async () => {
  // What was answered is told to NATS before they end, or it would be run again, as it should.
  const idle = (): boolean =>
    replicas.every(({ draining, eventUsage }) => draining || eventUsage?.running === 0);
  await expect.poll(idle, soon).toBe(true);
  for (const replica of replicas) await replica[Symbol.asyncDispose]();
  replicas = [];
}, 60_000);

afterAll(async () => {
  await worker[Symbol.asyncDispose]();
  await Promise.all(connections.map((connection) => connection.close()));
  await nats[Symbol.asyncDispose]();
});

const publish = (
  subject: string,
  {
    body = '{"a":1}',
    headers = {},
    namespace = 'shop',
    method = 'POST',
  }: {
    body?: string | Buffer;
    headers?: Record<string, string>;
    namespace?: string;
    method?: string;
  } = {},
): Promise<Answer> =>
  call({
    port: replicas[0]?.port ?? 0,
    path: `/events/${namespace}/${subject}`,
    method,
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });
const seenBy = (name: string, namespace = 'shop') =>
  worker.seen.filter(({ headers }) => headers['x-clrk-agent'] === `TaskAgent/${namespace}/${name}`);

describe('an event', () => {
  test('sets off every agent with a trigger for it, in its namespace alone, with what its producer says', async () => {
    const headers = {
      ...{ 'ce-id': 'e1', 'ce-source': '/shop', 'ce-type': 'order', 'ce-subject': 's', 'ce-extra': 'x' },
      ...{ 'ce-clrkidentity': 'root', 'x-clrk-trigger': 'cron', 'x-own': 'no' },
    };
    expect((await publish('orders.new', { headers })).status).toBe(202);
    await expect.poll(() => [seenBy('orders').length, seenBy('audit').length], soon).toEqual([1, 1]);
    const seen = seenBy('orders')[0];
    expect(seen).toMatchObject({
      ...{ method: 'POST', url: '/', body: '{"a":1}' },
      headers: {
        ...{
          'content-type': 'application/json',
          'x-clrk-trigger': 'event',
          'ce-source': 'clrk://shop/orders',
        },
        ...{
          'ce-id': 'e1',
          'ce-type': 'order',
          'ce-eventsource': '/shop',
          'ce-eventsubject': 's',
          'ce-extra': 'x',
        },
        ...{ 'ce-eventdelivery': '1', 'ce-subject': 'Event', 'x-clrk-trigger-source': 'orders.new' },
      },
    });
    expect(seen?.headers).not.toHaveProperty('ce-clrkidentity');
    expect(seen?.headers).not.toHaveProperty('x-own');
    const id = seen?.headers['x-clrk-invocation-id'];
    const own = events.filter(({ metadata }) => metadata.name === id);
    expect(own.map(({ status }) => status.phase)).toEqual(['Pending', 'Dispatched']);
    expect(own[0]?.spec.trigger).toEqual({ type: 'Event', source: 'orders.new' });
    expect(seenBy('other', 'cellar')).toEqual([]);
  });

  test('that is published twice is one; two that say nothing of themselves are two', async () => {
    const headers = { 'ce-id': 'twice', 'ce-source': '/shop' };
    const before = seenBy('audit').length;
    for (let index = 0; index < 2; index += 1) await publish('once-each', { headers });
    for (let index = 0; index < 2; index += 1) await publish('bare');
    await expect.poll(() => seenBy('audit').length, soon).toBe(before + 3);
    const ids = seenBy('audit')
      .slice(before)
      .map(({ headers: told }) => told['ce-id']);
    expect(new Set(ids).size).toBe(3);
  });

  test('in structured form is given as one in headers', async () => {
    const event = { specversion: '1.0', id: 's1', source: '/s', type: 't', data: { deep: [1] } };
    const headers = { 'content-type': 'application/cloudevents+json' };
    await publish('orders.structured', { body: JSON.stringify(event), headers });
    await expect.poll(() => seenBy('orders').at(-1)?.headers['ce-id'], soon).toBe('s1');
    expect(seenBy('orders').at(-1)).toMatchObject({
      ...{ body: '{"deep":[1]}', headers: { 'content-type': 'application/json', 'ce-eventsource': '/s' } },
    });
  });

  test.each<[string, Parameters<typeof publish>, number, string]>([
    ['nobody hears', ['orders.new', { namespace: 'nobody' }], 404, 'NO_TRIGGER'],
    ['nobody hears in this namespace', ['one', { namespace: 'cellar' }], 404, 'NO_TRIGGER'],
    ['is too large', ['one', { body: Buffer.alloc(65_000) }], 413, 'EVENT_TOO_LARGE'],
    ['is much too large', ['one', { body: Buffer.alloc(200_000) }], 413, 'EVENT_TOO_LARGE'],
    [
      'is no CloudEvent',
      ['one', { body: '[]', headers: { 'content-type': 'application/cloudevents+json' } }],
      ...([400, 'EVENT_INVALID'] as const),
    ],
    ['has a wildcard', ['orders.*'], 400, 'TARGET_MISSING'],
    ['is not posted', ['one', { method: 'PUT' }], 405, 'METHOD_NOT_ALLOWED'],
  ])('that %s is refused', async (_name, [subject, options], status, code) => {
    expect(await publish(subject, options)).toMatchObject({ status, headers: { 'x-clrk-error-code': code } });
  });

  test('a path of an agent’s own host is the agent’s', async () => {
    const headers = { host: 'clrk-orders.shop' };
    expect((await publish('orders.new', { headers })).body).toBe('ok');
  });
});

describe('a run that fails', () => {
  test('is tried again, then its event is given up, kept apart, and told', async () => {
    worker.behaviour = (_seen, response) => {
      response.writeHead(200, { 'x-clrk-exit-code': '3' }).end();
    };
    await publish('once', { body: 'poison', headers: { 'ce-id': 'p', 'ce-source': '/p' } });
    await expect
      .poll(() => dead.filter(({ agent: name }) => name === 'once'), soon)
      .toMatchObject([{ namespace: 'shop', subject: 'once', reason: 'NON_ZERO_EXIT', deliveries: '1' }]);
    expect(seenBy('once')).toHaveLength(1);
    expect(dead.at(-1)?.invocation).toBe(seenBy('once')[0]?.headers['x-clrk-invocation-id']);
  });

  test('of two tries: the second comes later, and is the last', async () => {
    const before = seenBy('orders').length;
    worker.behaviour = (_seen, response) => void response.writeHead(500).end();
    await publish('orders.bad');
    await expect.poll(() => dead.filter(({ agent: name }) => name === 'orders').length, soon).toBe(1);
    const tries = seenBy('orders').slice(before);
    expect(tries.map(({ headers }) => headers['ce-eventdelivery'])).toEqual(['1', '2']);
    expect(new Set(tries.map(({ headers }) => headers['ce-id'])).size).toBe(1);
    expect(new Set(tries.map(({ headers }) => headers['x-clrk-invocation-id'])).size).toBe(2);
  }, 60_000);
});

describe('at least once', () => {
  test('without a worker it waits, and no try is counted', async () => {
    workers = [];
    await publish('one', { body: 'later' });
    const before = seenBy('one').length;
    workers = [worker.status('w1')];
    await expect.poll(() => seenBy('one').length, soon).toBe(before + 1);
    expect(dead.some(({ agent: name }) => name === 'one')).toBe(false);
  });

  test('maxConcurrent holds over both replicas, and every event is run', async () => {
    // Neither ingress hears of the other's runs: workers say nothing of them here.
    let running = 0;
    let most = 0;
    worker.behaviour = (seen, response) => {
      if (seen.headers['x-clrk-agent'] !== 'TaskAgent/shop/one') return void response.end();
      running += 1;
      most = Math.max(most, running);
      setTimeout(() => {
        running -= 1;
        response.end();
      }, 50);
    };
    const bodies = Array.from({ length: 6 }, (_, index) => `n${index}`);
    for (const body of bodies) await publish('one', { body });
    const got = (): string[] =>
      [...new Set(seenBy('one').map(({ body }) => body))].filter((each) => /^n\d$/.test(each));
    await expect.poll(() => got().length, { timeout: 40_000, interval: 50 }).toBe(bodies.length);
    await expect.poll(() => running, soon).toBe(0);
    expect(most).toBe(1);
  }, 90_000);

  test('one delivery is with one replica at a time, however long it takes', async () => {
    const before = seenBy('orders').length;
    const waiting: Array<() => void> = [];
    worker.behaviour = (seen, response) => {
      if (seen.headers['x-clrk-agent'] !== 'TaskAgent/shop/orders') return void response.end();
      waiting.push(() => response.end());
    };
    await Promise.all(Array.from({ length: 8 }, (_, index) => publish(`orders.n${index}`)));
    await expect.poll(() => seenBy('orders').length, soon).toBe(before + 8);
    for (const end of waiting) end();
    await expect.poll(() => replicas.map(({ eventUsage }) => eventUsage?.running), soon).toEqual([0, 0]);
    expect(seenBy('orders')).toHaveLength(before + 8);
  });

  test('what runs in an ingress that ends is run by another', async () => {
    const before = seenBy('orders').length;
    worker.behaviour = () => undefined;
    await publish('orders.moved');
    await expect.poll(() => seenBy('orders').length, soon).toBe(before + 1);
    const holder = replicas.find(({ eventUsage }) => (eventUsage?.running ?? 0) > 0);
    worker.behaviour = (_seen, response) => void response.end('ok');
    await holder?.drain(100);
    await expect.poll(() => seenBy('orders').length, soon).toBe(before + 2);
    expect(seenBy('orders').at(-1)?.headers['ce-eventdelivery']).toBe('2');
  }, 60_000);
});

test('a trigger that is gone leaves no consumer; those that stay are made again in a NATS without its disk', async () => {
  const consumers = async (): Promise<number> => {
    const answer = await operator.request('$JS.API.CONSUMER.LIST.CLRK_EVENTS_shop', '{"offset":0}');
    return answer.json<{ total?: number }>().total ?? 0;
  };
  const all = wantedOf('shop');
  expect(await consumers()).toBe(all.length);
  const fewer = all.filter(({ uid }) => uid !== 'u-audit');
  expect(await places.keep(operator, 'shop', fewer)).toBeUndefined();
  expect(await consumers()).toBe(all.length - 1);
  expect(places.isKept('shop', 'u-audit', '>')).toBe(false);
  expect(places.isKept('shop', 'u-orders', 'orders.*')).toBe(true);
  await nats.startEmpty();
  await expect
    .poll(
      async () =>
        await operator.flush().then(
          () => true,
          () => false,
        ),
      soon,
    )
    .toBe(true);
  await places.again({ connection: operator, log: silentLog, signal: new AbortController().signal });
  expect(await consumers()).toBe(all.length - 1);
}, 60_000);
