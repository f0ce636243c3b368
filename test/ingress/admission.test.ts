import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { IngressAgent, WorkerStatus } from '../../contract/index.ts';
import { admit, maxAttempts } from '../../ingress/admission.ts';
import { Load } from '../../ingress/load.ts';

const agent: IngressAgent = {
  kind: 'TaskAgent',
  namespace: 'shop',
  name: 'hello',
  uid: 'u',
  pool: 'shop/pool',
  servingRevision: 'hello-00002',
  timeoutMs: 1000,
  maxConcurrent: 0,
};
const id = 'TaskAgent/shop/hello';
const key = 'shop/hello-00002';

function worker(pod: string, more: Partial<WorkerStatus> = {}): WorkerStatus {
  return {
    version: 1,
    role: 'worker',
    namespace: 'shop',
    pool: 'pool',
    pod,
    address: '10.0.0.1:8090',
    configDigest: '',
    draining: false,
    at: 1000,
    inFlight: {},
    capacity: 4,
    warm: {},
    images: { [key]: { state: 'Pulled' } },
    ...more,
  };
}

function order(workers: WorkerStatus[], load = new Load(() => 2000), invocation = 'i'): string[] | string {
  const decision = admit(agent, workers, { load, key: invocation });
  return decision.refused ?? decision.workers.map((each) => each.pod);
}

describe('which worker', () => {
  test.each([
    ['image present first', [worker('a', { images: {} }), worker('b')], 'b'],
    [
      'failed image last',
      [worker('a', { images: { [key]: { state: 'Failed' } }, warm: { [key]: 1 } }), worker('b')],
      'b',
    ],
    ['room before warmth', [worker('a', { inFlight: { x: 4 }, warm: { [key]: 1 } }), worker('b')], 'b'],
    ['warm before idle', [worker('a'), worker('b', { warm: { [key]: 1 }, inFlight: { [id]: 2 } })], 'b'],
    [
      'warm of another revision is cold',
      [worker('a', { warm: { 'shop/hello-00001': 9 }, inFlight: { [id]: 1 } }), worker('b')],
      'b',
    ],
    [
      'fewest of this agent',
      [worker('a', { inFlight: { [id]: 2 } }), worker('b', { inFlight: { x: 3 } })],
      'b',
    ],
    ['then fewest in all', [worker('a', { inFlight: { x: 1 } }), worker('b')], 'b'],
  ])('%s', (_name, workers, first) => expect(order(workers)[0]).toBe(first));

  test('equals share by the invocation’s id', () => {
    const workers = ['a', 'b', 'c', 'd'].map((pod) => worker(pod));
    const counts = new Map<string, number>();
    for (let index = 0; index < 2000; index++) {
      const first = order(workers, new Load(() => 2000), `invocation-${index}`)[0] ?? '';
      counts.set(first, (counts.get(first) ?? 0) + 1);
    }
    for (const count of counts.values()) expect(count).toBeGreaterThan(350);
  });

  test('never one that drains or is of another pool, never more than the bound', () => {
    const workers = [
      worker('a', { draining: true }),
      worker('b', { pool: 'other' }),
      worker('c', { namespace: 'x' }),
    ];
    expect(order(workers)).toBe('no_ready_worker');
    const many = Array.from({ length: 9 }, (_, index) => worker(`w${index}`));
    expect(order(many)).toHaveLength(maxAttempts);
  });
});

describe('how many', () => {
  test('what a worker said, plus what we started since, minus what we saw end since', () => {
    let now = 500;
    const load = new Load(() => now);
    const before = load.start(id, worker('a'));
    now = 1500;
    const said = worker('a', { at: 1000, inFlight: { [id]: 1 } });
    expect(load.onWorker(id, said)).toBe(1);
    const after = load.start(id, said);
    expect(load.onWorker(id, said)).toBe(2);
    before();
    expect(load.onWorker(id, said)).toBe(1);
    after();
    after();
    expect(load.onWorker(id, said)).toBe(0);
    expect(load.onWorker(id, worker('a', { at: 1600, inFlight: { [id]: 3 } }))).toBe(3);
  });

  test('our own running ones count when their worker is gone', () => {
    const load = new Load(() => 1);
    load.start(id, worker('gone'));
    expect(load.cluster(id, [])).toBe(1);
  });

  test('never below what we run, never negative, zero when all has ended', () => {
    const step = fc.record({ start: fc.boolean(), advance: fc.nat(50), pick: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(5), fc.nat(3000), (steps, said, at) => {
        let now = 0;
        const load = new Load(() => now);
        const status = worker('a', { at, inFlight: { [id]: said } });
        const running: Array<() => void> = [];
        for (const { start, advance, pick } of steps) {
          now += advance;
          if (start) running.push(load.start(id, status));
          else running.splice(pick % Math.max(running.length, 1), 1)[0]?.();
          expect(load.onWorker(id, status)).toBeGreaterThanOrEqual(running.length);
          expect(load.cluster(id, [status])).toBeGreaterThanOrEqual(running.length);
        }
        for (const end of running) end();
        now += 60_000;
        expect(load.cluster(id, [])).toBe(0);
      }),
    );
  });
});
