import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { IdentityFrame } from '../../../contract/index.ts';
import { FrameGuard } from '../../../egress/session/frame-guard.ts';

const frame = (nonce: string, issuedAt: number, pool = 'ns/pool'): IdentityFrame => ({
  source: { ip: '100.64.0.2', port: 1 },
  destination: { ip: '198.18.0.1', port: 443 },
  agentKind: 'TaskAgent',
  namespace: 'ns',
  name: 'a',
  uid: 'u',
  revision: 'r',
  invocationId: 'i',
  pool,
  issuedAt,
  nonce,
  gateway: 'ns/gw',
  gatewayAddress: '127.0.0.1:1',
});

test('S13: skew of 30 s either way is allowed, more is not', () => {
  const guard = new FrameGuard();
  expect(guard.refuse(frame('a', 70_000), 100_000)).toBeUndefined();
  expect(guard.refuse(frame('b', 69_999), 100_000)).toMatch(/skew/);
  expect(guard.refuse(frame('c', 130_001), 100_000)).toMatch(/skew/);
});

test('S13: a nonce is taken once for as long as its frame could be valid', () => {
  const guard = new FrameGuard();
  expect(guard.refuse(frame('a', 100_000), 100_000)).toBeUndefined();
  expect(guard.refuse(frame('a', 100_000), 129_999)).toMatch(/replayed/);
  expect(guard.refuse(frame('a', 100_000, 'ns/other'), 100_000)).toBeUndefined();
});

test('a full memory refuses instead of forgetting, and recovers with time', () => {
  const guard = new FrameGuard(2);
  expect(guard.refuse(frame('a', 0), 0)).toBeUndefined();
  expect(guard.refuse(frame('b', 0), 0)).toBeUndefined();
  expect(guard.refuse(frame('c', 0), 0)).toMatch(/too many/);
  expect(guard.refuse(frame('d', 70_000), 70_000)).toBeUndefined();
});

test('S54: an agent that fills its share is refused before others of its pool, a pool before other pools', () => {
  const guard = new FrameGuard(100);
  const ofAgent = (name: string, nonce: string, pool?: string): IdentityFrame => ({
    ...frame(nonce, 0, pool),
    name,
  });
  const flood = (name: string, pool?: string): number =>
    Array.from({ length: 100 }, (_, index) => guard.refuse(ofAgent(name, `${name}${index}`, pool), 0)).filter(
      (reason) => reason === undefined,
    ).length;
  expect(flood('greedy')).toBe(5);
  expect(guard.refuse(ofAgent('victim', 'v'), 0)).toBeUndefined();
  const taken = Array.from({ length: 20 }, (_, index) => flood(`greedy-${index}`)).reduce((a, b) => a + b, 6);
  expect(taken).toBe(50);
  expect(guard.refuse(ofAgent('victim', 'w'), 0)).toMatch(/pool/);
  expect(guard.refuse(ofAgent('elsewhere', 'w', 'ns/other'), 0)).toBeUndefined();
  // With time every share is free again.
  expect(guard.refuse({ ...ofAgent('greedy', 'late'), issuedAt: 70_000 }, 70_000)).toBeUndefined();
});

test('property: shares never let a nonce in twice and never count below zero', () => {
  const step = fc.record({ agent: fc.nat(3), nonce: fc.nat(20), wait: fc.nat(20_000) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const guard = new FrameGuard(40);
      const accepted = new Map<string, number>();
      let now = 0;
      for (const { agent, nonce, wait } of steps) {
        now += wait;
        const reason = guard.refuse({ ...frame(`n${nonce}`, now), name: `a${agent}` }, now);
        const before = accepted.get(`n${nonce}`);
        if (before !== undefined && now - before <= 60_000) expect(reason).toBeDefined();
        if (reason === undefined) accepted.set(`n${nonce}`, now);
      }
      expect(guard.refuse(frame('fresh', now + 61_000), now + 61_000)).toBeUndefined();
    }),
  );
});
