/** A document of bounded size, shared: one tenant's thousandth object never keeps out another's first. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ingressShardCount, ingressShardOf } from '../../contract/index.ts';
import { fitFairly } from '../../operator/compile/index.ts';
import { ProgrammedConfigs } from '../../operator/programmed-config.ts';
import { TestWorld } from './compiled-world.ts';
import { agent } from './manifest.ts';

const sized = (tenant: string, ...sizes: readonly number[]) =>
  sizes.map((bytes, index) => ({ item: `${tenant}${index}`, tenant, bytes }));

describe('fitFairly', () => {
  it.each([
    ['all, where all fits', [...sized('a', 40), ...sized('b', 60)], ['a0', 'b0'], []],
    [
      'the small one’s, before the greedy one’s',
      [...sized('a', 90, 90), ...sized('b', 10)],
      ['a0', 'b0'],
      ['a1'],
    ],
    [
      'what the small do not use goes to the large',
      [...sized('a', 10), ...sized('b', 80, 30)],
      ['a0', 'b0'],
      ['b1'],
    ],
    ['one too large for any share is left, the next is tried', sized('a', 200, 50), ['a1'], ['a0']],
  ] as const)('keeps %s', (_what, items, kept, left) => {
    expect(fitFairly(items, 100)).toEqual({ kept, left });
  });

  it('never goes over the limit, and never leaves out who asks for less than an equal share', () => {
    const item = fc.record({
      item: fc.string(),
      tenant: fc.constantFrom('a', 'b', 'c', 'd'),
      bytes: fc.integer({ min: 1, max: 500 }),
    });
    fc.assert(
      fc.property(fc.array(item, { maxLength: 40 }), fc.integer({ min: 1, max: 2_000 }), (items, limit) => {
        const marked = items.map((each) => ({ ...each, item: each }));
        const { kept, left } = fitFairly(marked, limit);
        expect(kept.length + left.length).toBe(items.length);
        const bytes = (list: readonly (typeof items)[number][]): number =>
          list.reduce((sum, each) => sum + each.bytes, 0);
        expect(bytes(kept)).toBeLessThanOrEqual(Math.max(limit, 0));
        const tenants = new Set(items.map(({ tenant }) => tenant));
        for (const tenant of tenants) {
          const wanted = items.filter((each) => each.tenant === tenant);
          if (bytes(wanted) <= limit / tenants.size)
            expect(left.some((each) => each.tenant === tenant)).toBe(false);
        }
      }),
    );
  });
});

describe('a shard of the ingress’s agents', () => {
  const inNamespace = (namespace: string, name: string) => ({
    ...agent(),
    metadata: { namespace, name, uid: `${namespace}/${name}`, creationTimestamp: '2026-01-01T00:00:00Z' },
  });
  /** A neighbour in the same shard: the worst place to be. */
  const neighbour = Array.from({ length: 400 }, (_, index) => `n${index}`).find(
    (name) => ingressShardOf(name) === ingressShardOf('default'),
  ) as string;

  it('keeps the honest tenant’s agent beside a neighbour’s hundred, and names those left out', () => {
    const many = Array.from({ length: 100 }, (_, index) => inNamespace('default', `a${index}`));
    const { document, left } = new TestWorld([...many, inNamespace(neighbour, 'honest')]).shard(
      'default',
      4_096,
    );
    expect(document.agents.map(({ namespace }) => namespace)).toContain(neighbour);
    expect(document.agents.length).toBeGreaterThan(5);
    expect(document.agents.length + left.length).toBe(101);
    expect(left.every((key) => key.startsWith('default/'))).toBe(true);
  });

  it('carries no input of an agent without a schedule, which nothing at the ingress reads', () => {
    const spec = {
      ...(agent() as unknown as { spec: object }).spec,
      scheduleInput: { a: 'x'.repeat(60_000) },
    };
    const { document } = new TestWorld([{ ...inNamespace('default', 'big'), spec } as never]).shard();
    expect(JSON.stringify(document).length).toBeLessThan(1_000);
  });

  it('carries a schedule, its input as text, and from when its periods count', () => {
    const spec = {
      ...(agent() as unknown as { spec: object }).spec,
      schedule: '@every 5m',
      scheduleInput: { prompt: 'hi' },
    };
    const { document } = new TestWorld([{ ...inNamespace('default', 'timed'), spec } as never]).shard();
    expect(document.agents).toMatchObject([
      {
        schedule: '@every 5m',
        scheduleInput: '{"prompt":"hi"}',
        createdAt: Date.parse('2026-01-01T00:00:00Z'),
      },
    ]);
  });

  it('every namespace has one', () => {
    const shards = new Set(Array.from({ length: 1_000 }, (_, index) => ingressShardOf(`team-${index}`)));
    expect([...shards].toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: ingressShardCount }, (_, index) => index),
    );
  });
});

describe('who did not fit', () => {
  it('is told when it changes, and only then', () => {
    const programmed = new ProgrammedConfigs();
    const told: string[] = [];
    programmed.onLeftOut((each) => told.push(each));
    programmed.recordLeftOut({ kind: 'pool', pool: 'default/p' }, ['default/a']);
    programmed.recordLeftOut({ kind: 'pool', pool: 'default/p' }, ['default/a']);
    expect([told, programmed.leftOutOf('default/a')]).toEqual([
      ['default/a'],
      { kind: 'pool', pool: 'default/p' },
    ]);
    programmed.forgetPool('default/p');
    expect([told, programmed.leftOutOf('default/a')]).toEqual([['default/a', 'default/a'], undefined]);
  });
});
