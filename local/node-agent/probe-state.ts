/**
 * What a run of probe results means: thresholds in a row, as kubelet counts them. Pure; asking is `probe-runner.ts`.
 */
import type { Probe } from '../kube/object.ts';

export interface ProbeState {
  readonly passing: boolean;
  /** Results in a row that differ from `passing`. */
  readonly against: number;
}

/** Readiness and startup begin as failed, liveness as passed. */
export function initialProbeState(passing: boolean): ProbeState {
  return { passing, against: 0 };
}

export function nextProbeState(state: ProbeState, result: boolean, probe: Probe): ProbeState {
  if (result === state.passing) return { passing: state.passing, against: 0 };
  const against = state.against + 1;
  // Kubernetes' defaults: 1 success, 3 failures.
  const threshold = result ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
  return against >= threshold ? { passing: result, against: 0 } : { passing: state.passing, against };
}

export interface ProbeTiming {
  readonly initialDelayMs: number;
  readonly periodMs: number;
  readonly timeoutMs: number;
}

export function probeTiming(probe: Probe): ProbeTiming {
  return {
    initialDelayMs: (probe.initialDelaySeconds ?? 0) * 1000,
    periodMs: (probe.periodSeconds ?? 10) * 1000,
    timeoutMs: (probe.timeoutSeconds ?? 1) * 1000,
  };
}
