/** Real NATS: runs that fail and runs that cannot begin: what is counted, what waits, and what others of the agent do meanwhile. */
import { describe, expect, test } from 'vitest';
import { EventBed, soon, triggered } from './event-bed.ts';

const bed = new EventBed([
  triggered('orders', 'orders.*'),
  triggered('one', 'one', { maxConcurrent: 1 }),
  triggered('once', 'once', { triggers: [{ subject: 'once', maxDeliver: 1 }] }),
]);

describe('a run that fails', () => {
  test('is tried again, then its event is given up, kept apart, and told', async () => {
    bed.worker.behaviour = (_seen, response) => {
      response.writeHead(200, { 'x-clrk-exit-code': '3' }).end();
    };
    await bed.publish('once', { body: 'poison', headers: { 'ce-id': 'p', 'ce-source': '/p' } });
    await expect
      .poll(() => bed.dead.filter(({ agent: name }) => name === 'once'), soon)
      .toMatchObject([{ namespace: 'shop', subject: 'once', reason: 'NON_ZERO_EXIT', deliveries: '1' }]);
    expect(bed.seenBy('once')).toHaveLength(1);
    expect(bed.dead.at(-1)?.invocation).toBe(bed.seenBy('once')[0]?.headers['x-clrk-invocation-id']);
  });

  test('of two tries: the second comes later, and is the last', async () => {
    const before = bed.seenBy('orders').length;
    bed.worker.behaviour = (_seen, response) => void response.writeHead(500).end();
    await bed.publish('orders.bad');
    await expect.poll(() => bed.dead.filter(({ agent: name }) => name === 'orders').length, soon).toBe(1);
    const tries = bed.seenBy('orders').slice(before);
    expect(tries.map(({ headers }) => headers['ce-eventdelivery'])).toEqual(['1', '2']);
    expect(new Set(tries.map(({ headers }) => headers['ce-id'])).size).toBe(1);
    expect(new Set(tries.map(({ headers }) => headers['x-clrk-invocation-id'])).size).toBe(2);
  }, 60_000);
});

describe('a run that cannot begin', () => {
  test('is tried again and counts for nothing: its first failure is the first', async () => {
    const said: string[] = [];
    bed.worker.behaviour = (seen, response) => {
      if (seen.headers['x-clrk-agent'] !== 'TaskAgent/shop/orders') return void response.end();
      said.push(seen.headers['ce-eventdelivery'] as string);
      if (said.length < 3) response.writeHead(429, { 'x-clrk-error-code': 'AT_CAPACITY' }).end();
      else response.writeHead(500).end();
    };
    await bed.publish('orders.crowded');
    // Twice not run, then two failures: with a count of deliveries the first of them would have been the last.
    const given = () => bed.dead.find(({ subject }) => subject === 'orders.crowded');
    await expect.poll(given, { timeout: 60_000, interval: 50 }).toBeDefined();
    const { deliveries, failures } = given() ?? {};
    expect({ deliveries, failures, said }).toEqual({
      ...{ deliveries: '4', failures: '2', said: ['1', '2', '3', '4'] },
    });
  }, 90_000);

  test('without a worker it waits, and no try is counted', async () => {
    bed.workers = [];
    await bed.publish('one', { body: 'later' });
    const before = bed.seenBy('one').length;
    bed.workers = [bed.worker.status('w1')];
    await expect.poll(() => bed.seenBy('one').length, soon).toBe(before + 1);
    expect(bed.dead.some(({ agent: name }) => name === 'one')).toBe(false);
  });
});

test('an event that waits to be run again leaves its agent’s one place to the next', async () => {
  const before = bed.seenBy('one').length;
  bed.worker.behaviour = (seen, response) => void response.writeHead(seen.body === 'bad' ? 500 : 200).end();
  await bed.publish('one', { body: 'bad' });
  await expect.poll(() => bed.seenBy('one').length, soon).toBe(before + 1);
  const failedAt = performance.now();
  await bed.publish('one', { body: 'good' });
  await expect.poll(() => bed.seenBy('one').some(({ body }) => body === 'good'), soon).toBe(true);
  const own = (): string[] =>
    bed
      .seenBy('one')
      .slice(before)
      .map(({ body }) => body);
  expect(own()).toEqual(['bad', 'good']);
  await expect.poll(() => own().length, soon).toBe(3);
  expect(performance.now() - failedAt).toBeGreaterThan(4_000);
  expect(own()).toEqual(['bad', 'good', 'bad']);
}, 60_000);
