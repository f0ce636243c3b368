/** Phases of many invocations as one table. Pure, so that its sums are tested. */
import { phaseNames } from '../../worker/sandbox/phase-clock.ts';
import { median, percentile, round } from '../statistics.ts';

export interface PhaseSample {
  readonly phasesMs: Readonly<Record<string, number>>;
  readonly totalMs: number;
}

/** Up to the first byte of the answer. */
const untilFirstByte = phaseNames.slice(0, phaseNames.indexOf('firstByte') + 1);

export function firstByteMs({ phasesMs }: PhaseSample): number {
  return untilFirstByte.reduce((sum, phase) => sum + (phasesMs[phase] ?? 0), 0);
}

/** By how much the phases of one invocation miss its total. */
export function gapMs({ phasesMs, totalMs }: PhaseSample): number {
  return Math.abs(totalMs - Object.values(phasesMs).reduce((sum, each) => sum + each, 0));
}

export interface PhaseRow {
  readonly kind: string;
  readonly phase: string;
  readonly p50_ms: number;
  readonly p95_ms: number;
}

function row(kind: string, phase: string, samples: readonly number[]): PhaseRow {
  return { kind, phase, p50_ms: round(median(samples), 2), p95_ms: round(percentile(samples, 0.95), 2) };
}

export function phaseRows(kind: string, samples: readonly PhaseSample[]): PhaseRow[] {
  return [
    ...phaseNames.map((phase) =>
      row(
        kind,
        phase,
        samples.map(({ phasesMs }) => phasesMs[phase] ?? 0),
      ),
    ),
    row(kind, 'to first byte', samples.map(firstByteMs)),
    row(
      kind,
      'total',
      samples.map(({ totalMs }) => totalMs),
    ),
  ];
}

export function plainRow(kind: string, phase: string, samples: readonly number[]): PhaseRow {
  return row(kind, phase, samples);
}
