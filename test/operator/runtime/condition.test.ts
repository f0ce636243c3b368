import { describe, expect, it } from 'vitest';
import { setConditions, summaryFindings, type Finding } from '../../../operator/runtime/index.ts';

const finding = (status: Finding['status'], reason: string): Finding => ({
  type: 'Ready',
  status,
  reason,
  message: '',
});

describe('setConditions', () => {
  it('moves lastTransitionTime only when the status changes', () => {
    const first = setConditions([finding('False', 'A')], { previous: [], generation: 1, now: 1_000 });
    const same = setConditions([finding('False', 'B')], { previous: first, generation: 2, now: 9_000 });
    expect(same[0]).toMatchObject({
      reason: 'B',
      observedGeneration: 2,
      lastTransitionTime: '1970-01-01T00:00:01Z',
    });
    const moved = setConditions([finding('True', 'C')], { previous: same, generation: 2, now: 9_000 });
    expect(moved[0]?.lastTransitionTime).toBe('1970-01-01T00:00:09Z');
  });

  it.each([
    ['ready', { Ready: 'True' }],
    ['pending', { Ready: 'False', Reconciling: 'True' }],
    ['stalled', { Ready: 'False', Stalled: 'True' }],
  ] as const)('%s reads as kstatus expects', (state, expected) => {
    const findings = summaryFindings({ state, reason: 'R', message: 'm' });
    expect(Object.fromEntries(findings.map((each) => [each.type, each.status]))).toEqual(expected);
  });

  it('calls a new object Unknown because of Pending', () => {
    expect(summaryFindings({ state: 'new' })[0]).toMatchObject({ status: 'Unknown', reason: 'Pending' });
  });
});
