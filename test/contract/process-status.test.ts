import { describe, expect, test } from 'vitest';
import { statusBucket, statusKey } from '../../contract/process-status.ts';

describe('status keys', () => {
  test('have a fixed number of tokens, so that a prefix selects one pool or gateway', () => {
    expect(statusKey.worker('default', 'main', 'main-abc')).toBe('worker.default.main.main-abc');
    expect(statusKey.gateway('default', 'gw.v2', 'pod')).toBe('egress.default.gw_v2.pod');
    expect(statusKey.ingress('clrk-system', 'a.b')).toBe('ingress.clrk-system.a_b');
  });

  test('a process is dead only after two heartbeats were missed, and its record outlives that', () => {
    expect(statusBucket.deadAfterMs).toBeGreaterThanOrEqual(2 * statusBucket.heartbeatMs);
    expect(statusBucket.ttlMs).toBeGreaterThan(statusBucket.deadAfterMs);
  });
});
