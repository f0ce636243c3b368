import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LeaderElection, type LeaseSpec } from '../../../operator/runtime/index.ts';

describe('LeaderElection', () => {
  it('takes a free lease, renews it, and keeps the time it acquired it', () => {
    const election = new LeaderElection('me');
    election.observe(undefined, 0);
    const first = election.propose(0);
    expect(first).toMatchObject({ holderIdentity: 'me', leaseDurationSeconds: 15, leaseTransitions: 0 });
    election.written(first as LeaseSpec, 0);
    expect(election.leading(9_999)).toBe(true);
    const second = election.propose(2_000);
    expect(second?.acquireTime).toBe(first?.acquireTime);
    expect(second?.renewTime).not.toBe(first?.renewTime);
  });

  it('leaves another holder alone until the lease was seen unchanged for its whole duration', () => {
    const election = new LeaderElection('me');
    const other: LeaseSpec = { holderIdentity: 'other', leaseDurationSeconds: 15, renewTime: 'x' };
    election.observe(other, 0);
    expect(election.propose(14_999)).toBeUndefined();
    election.observe({ ...other, renewTime: 'y' }, 14_999);
    expect(election.propose(15_000)).toBeUndefined();
    expect(election.propose(30_000)).toMatchObject({ holderIdentity: 'me', leaseTransitions: 1 });
  });

  it('takes a released lease at once', () => {
    const election = new LeaderElection('me');
    election.observe({ holderIdentity: '', leaseDurationSeconds: 1, leaseTransitions: 4 }, 0);
    expect(election.propose(0)).toMatchObject({ holderIdentity: 'me' });
  });

  it('stops leading at the renew deadline, or when another holder is seen', () => {
    const election = new LeaderElection('me');
    election.observe(undefined, 0);
    election.written(election.propose(0) as LeaseSpec, 0);
    expect(election.leading(10_000)).toBe(false);
    election.observe({ holderIdentity: 'other', renewTime: 'z' }, 1_000);
    expect(election.deposed()).toBe(true);
    expect(election.release(1_000)).toBeUndefined();
  });

  it('does not lead by a clock that went back, and knows for how long it leads', () => {
    const election = new LeaderElection('me');
    election.observe(undefined, 1_000_000);
    election.written(election.propose(1_000_000) as LeaseSpec, 1_000_000);
    expect(election.leading(1_000_000 - 3_600_000)).toBe(false);
    expect([0, 4_000, 10_000, 20_000].map((ms) => election.leadsForMs(1_000_000 + ms))).toEqual([
      10_000, 6_000, 0, 0,
    ]);
  });

  it('writes the wall clock for people and reads none of it', () => {
    const election = new LeaderElection('me');
    const wallMs = Date.UTC(2026, 0, 1);
    const lease = election.propose(5, wallMs);
    expect(lease).toMatchObject({ renewTime: '2026-01-01T00:00:00.000000Z' });
    election.written(lease as LeaseSpec, 5);
    expect(election.leading(9_000)).toBe(true);
  });

  it('never lets two lead at one time, whatever calls fail and however clocks differ', () => {
    const step = fc.record({
      who: fc.integer({ min: 0, max: 2 }),
      after: fc.integer({ min: 1, max: 9_000 }),
      fails: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const skew = [0, 3_600_000, -500_000];
        const elections = skew.map((_ms, index) => new LeaderElection(`r${index}`));
        let stored: LeaseSpec | undefined;
        let now = 10_000_000;
        for (const { who, after, fails } of steps) {
          now += after;
          const clock = now + (skew[who] ?? 0);
          const election = elections[who];
          if (election !== undefined && !fails) {
            election.observe(stored, clock);
            const proposal = election.propose(clock);
            if (proposal !== undefined) {
              stored = proposal;
              election.written(proposal, clock);
            }
          }
          const leading = elections.filter((each, index) => each.leading(now + (skew[index] ?? 0)));
          expect(leading.length).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});
