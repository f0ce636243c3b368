/** Two ingresses with the rights the role has, a real JetStream, the operator's hand: events that set agents off. */
import { describe, expect, test } from 'vitest';
import { silentLog } from '../telemetry/embedded.ts';
import { EventBed, soon, triggered } from './event-bed.ts';

const bed = new EventBed([
  triggered('orders', 'orders.*'),
  triggered('audit', '>'),
  triggered('one', 'one', { maxConcurrent: 1 }),
  triggered('other', 'orders.*', { namespace: 'cellar', pool: 'shop/pool' }),
]);

describe('an event', () => {
  test('sets off every agent with a trigger for it, in its namespace alone, with what its producer says', async () => {
    const headers = {
      ...{ 'ce-id': 'e1', 'ce-source': '/shop', 'ce-type': 'order', 'ce-subject': 's', 'ce-extra': 'x' },
      ...{ 'ce-clrkidentity': 'root', 'x-clrk-trigger': 'cron', 'x-own': 'no' },
    };
    expect((await bed.publish('orders.new', { headers })).status).toBe(202);
    await expect.poll(() => [bed.seenBy('orders').length, bed.seenBy('audit').length], soon).toEqual([1, 1]);
    const seen = bed.seenBy('orders')[0];
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
    const own = bed.records.filter(({ metadata }) => metadata.name === id);
    expect(own.map(({ status }) => status.phase)).toEqual(['Pending', 'Dispatched']);
    expect(own[0]?.spec.trigger).toEqual({ type: 'Event', source: 'orders.new' });
    expect(bed.seenBy('other', 'cellar')).toEqual([]);
  });

  test('that is published twice is one; two that say nothing of themselves are two', async () => {
    const headers = { 'ce-id': 'twice', 'ce-source': '/shop' };
    const before = bed.seenBy('audit').length;
    for (let index = 0; index < 2; index += 1) await bed.publish('once-each', { headers });
    for (let index = 0; index < 2; index += 1) await bed.publish('bare');
    await expect.poll(() => bed.seenBy('audit').length, soon).toBe(before + 3);
    const ids = bed
      .seenBy('audit')
      .slice(before)
      .map(({ headers: told }) => told['ce-id']);
    expect(new Set(ids).size).toBe(3);
  });

  test('in structured form is given as one in headers', async () => {
    const event = { specversion: '1.0', id: 's1', source: '/s', type: 't', data: { deep: [1] } };
    const headers = { 'content-type': 'application/cloudevents+json' };
    await bed.publish('orders.structured', { body: JSON.stringify(event), headers });
    await expect.poll(() => bed.seenBy('orders').at(-1)?.headers['ce-id'], soon).toBe('s1');
    expect(bed.seenBy('orders').at(-1)).toMatchObject({
      ...{ body: '{"deep":[1]}', headers: { 'content-type': 'application/json', 'ce-eventsource': '/s' } },
    });
  });

  test.each<[string, Parameters<EventBed['publish']>, number, string]>([
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
    expect(await bed.publish(subject, options)).toMatchObject({
      status,
      headers: { 'x-clrk-error-code': code },
    });
  });

  test('a path of an agent’s own host is the agent’s', async () => {
    const headers = { host: 'clrk-orders.shop' };
    expect((await bed.publish('orders.new', { headers })).body).toBe('ok');
  });
});

describe('at least once', () => {
  test('maxConcurrent holds over both replicas, and every event is run', async () => {
    // Neither ingress hears of the other's runs: workers say nothing of them here.
    let running = 0;
    let most = 0;
    bed.worker.behaviour = (seen, response) => {
      if (seen.headers['x-clrk-agent'] !== 'TaskAgent/shop/one') return void response.end();
      running += 1;
      most = Math.max(most, running);
      setTimeout(() => {
        running -= 1;
        response.end();
      }, 50);
    };
    const bodies = Array.from({ length: 6 }, (_, index) => `n${index}`);
    for (const body of bodies) await bed.publish('one', { body });
    const got = (): string[] =>
      [...new Set(bed.seenBy('one').map(({ body }) => body))].filter((each) => /^n\d$/.test(each));
    await expect.poll(() => got().length, { timeout: 40_000, interval: 50 }).toBe(bodies.length);
    await expect.poll(() => running, soon).toBe(0);
    expect(most).toBe(1);
  }, 90_000);

  test('one delivery is with one replica at a time, however long it takes', async () => {
    const before = bed.seenBy('orders').length;
    const waiting: Array<() => void> = [];
    bed.worker.behaviour = (seen, response) => {
      if (seen.headers['x-clrk-agent'] !== 'TaskAgent/shop/orders') return void response.end();
      waiting.push(() => response.end());
    };
    await Promise.all(Array.from({ length: 8 }, (_, index) => bed.publish(`orders.n${index}`)));
    await expect.poll(() => bed.seenBy('orders').length, soon).toBe(before + 8);
    for (const end of waiting) end();
    await expect.poll(() => bed.replicas.map(({ eventUsage }) => eventUsage?.running), soon).toEqual([0, 0]);
    expect(bed.seenBy('orders')).toHaveLength(before + 8);
  });

  test('what runs in an ingress that ends is run by another', async () => {
    const before = bed.seenBy('orders').length;
    bed.worker.behaviour = () => undefined;
    await bed.publish('orders.moved');
    await expect.poll(() => bed.seenBy('orders').length, soon).toBe(before + 1);
    const holder = bed.replicas.find(({ eventUsage }) => (eventUsage?.running ?? 0) > 0);
    bed.worker.behaviour = (_seen, response) => void response.end('ok');
    await holder?.drain(100);
    await expect.poll(() => bed.seenBy('orders').length, soon).toBe(before + 2);
    expect(bed.seenBy('orders').at(-1)?.headers['ce-eventdelivery']).toBe('2');
  }, 60_000);
});

test('a trigger that is gone leaves no consumer; those that stay are made again in a NATS without its disk', async () => {
  const consumers = async (): Promise<number> => {
    const answer = await bed.operator.request('$JS.API.CONSUMER.LIST.CLRK_EVENTS_shop', '{"offset":0}');
    return answer.json<{ total?: number }>().total ?? 0;
  };
  const all = bed.wantedOf('shop');
  expect(await consumers()).toBe(all.length);
  const fewer = all.filter(({ uid }) => uid !== 'u-audit');
  expect(await bed.places.keep(bed.operator, 'shop', fewer)).toBeUndefined();
  expect(await consumers()).toBe(all.length - 1);
  expect(bed.places.isKept('shop', 'u-audit', '>')).toBe(false);
  expect(bed.places.isKept('shop', 'u-orders', 'orders.*')).toBe(true);
  await bed.nats.startEmpty();
  await expect
    .poll(
      async () =>
        await bed.operator.flush().then(
          () => true,
          () => false,
        ),
      soon,
    )
    .toBe(true);
  await bed.places.again({ connection: bed.operator, log: silentLog, signal: new AbortController().signal });
  expect(await consumers()).toBe(all.length - 1);
}, 60_000);
