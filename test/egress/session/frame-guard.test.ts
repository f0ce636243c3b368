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
