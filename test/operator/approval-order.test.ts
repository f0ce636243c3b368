/** The order in which an agent's Approvals go: the same whatever order the cache lists them in. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ownApprovals } from '../../operator/approval/index-of-approvals.ts';
import type { Approval } from '../../operator/kind.ts';

const second = '2026-11-28T08:00:00Z';

function approval(name: string, ms: number, made = second): Approval {
  const expiresAt = new Date(Date.parse(second) + 270_000 + ms).toISOString();
  const request = { gateway: 'g', agent: { kind: 'TaskAgent', name: 'a', uid: 'u' }, key: 'k', expiresAt };
  return { metadata: { name, creationTimestamp: made }, spec: { request } } as unknown as Approval;
}

test('of one second those that end first are the oldest, then the name decides', () => {
  const late = approval('a-late', 0, '2026-11-28T08:00:01Z');
  const all = [approval('d', 1), approval('c', 0), approval('b', 0), late, approval('a', 2)];
  fc.assert(
    fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (list) => {
      const names = ownApprovals(list, 'g', 'u').ofAgent.map(({ metadata }) => metadata.name);
      expect(names).toEqual(['b', 'c', 'd', 'a', 'a-late']);
    }),
  );
});
