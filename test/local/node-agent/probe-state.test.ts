import { describe, expect, it } from 'vitest';
import { initialProbeState, nextProbeState, probeTiming } from '../../../local/node-agent/probe-state.ts';

const run = (passing: boolean, probe: object, results: string): string =>
  results.split('').reduce<{ state: ReturnType<typeof initialProbeState>; seen: string }>(
    ({ state, seen }, result) => {
      const next = nextProbeState(state, result === '+', probe);
      return { state: next, seen: seen + (next.passing ? 'Y' : 'N') };
    },
    { state: initialProbeState(passing), seen: '' },
  ).seen;

describe('nextProbeState', () => {
  it.each([
    ['readiness passes at the first success', false, {}, '-+', 'NY'],
    ['readiness fails after three failures in a row', false, {}, '+--+---', 'YYYYYYN'],
    ['liveness begins as passed', true, {}, '--', 'YY'],
    ['successThreshold counts in a row', false, { successThreshold: 2 }, '+-++', 'NNNY'],
    ['failureThreshold 1 fails at once', true, { failureThreshold: 1 }, '-', 'N'],
  ])('%s', (_title, passing, probe, results, expected) => {
    expect(run(passing, probe, results)).toBe(expected);
  });

  it('has Kubernetes’ default times', () => {
    expect(probeTiming({})).toEqual({ initialDelayMs: 0, periodMs: 10_000, timeoutMs: 1_000 });
  });
});
