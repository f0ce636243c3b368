/**
 * How an invocation ended, from an exit code, a thrown error or the reason it was cut, and what the caller is told.
 * Pure; apart so that the answer, the event and the span cannot disagree about it.
 */
import { ClrkError, type TerminalPhase } from '../../contract/index.ts';
import { SandboxError } from '../sandbox/sandbox-error.ts';
import { DispatchError } from './dispatch-error.ts';

export interface Outcome {
  readonly phase: TerminalPhase;
  readonly reason?: string;
  readonly message?: string;
  readonly exitCode?: number;
}

/** Why a run was cut: the deadline, the caller, or the worker stopping. */
export type Cut = 'deadline' | 'caller' | 'drain';

const reasons: Readonly<Record<string, string>> = {
  DEADLINE_EXCEEDED: 'DeadlineExceeded',
  WORKER_STOPPED: 'WorkerStopped',
  SANDBOX_FAILED: 'SandboxFailed',
  NO_RESPONSE: 'NoResponse',
  RESPONSE_TOO_LARGE: 'ResponseTooLarge',
  BODY_TOO_LARGE: 'BodyTooLarge',
  BAD_REQUEST: 'BadRequest',
  AT_CAPACITY: 'AtCapacity',
};

export function cutError(cut: Cut, timeoutMs: number): DispatchError {
  if (cut === 'drain') {
    return new DispatchError('WORKER_STOPPED', 'the worker stopped before the agent was done', 'Try again.');
  }
  return new DispatchError(
    'DEADLINE_EXCEEDED',
    `the agent did not end within ${Math.round(timeoutMs)} ms`,
    'Raise spec.timeout (at most 5m), or make the agent faster.',
  );
}

/** `outOfMemory`: the limit, when the kernel has ended the sandbox because it was reached. */
export function outcomeOfExit(exitCode: number, outOfMemory?: number): Outcome {
  if (exitCode === 0) return { phase: 'Succeeded', exitCode };
  if (outOfMemory !== undefined) {
    const message = `the agent used up its memory limit of ${Math.floor(outOfMemory / (1024 * 1024))} MiB and was ended (OOM)`;
    return { phase: 'Failed', exitCode, reason: 'OOMKilled', message };
  }
  return { phase: 'Failed', exitCode, reason: 'NonZeroExit', message: `the agent exited with ${exitCode}` };
}

/** What to tell the caller of something thrown. Being cut explains everything that was thrown after it. */
export function errorOfThrown(
  thrown: unknown,
  cut: Cut | undefined,
  timeoutMs: number,
  command: string,
): DispatchError {
  if (cut !== undefined) return cutError(cut, timeoutMs);
  if (thrown instanceof DispatchError) return thrown;
  if (thrown instanceof ClrkError && thrown.code === 'NO_SLOT') {
    return new DispatchError(
      'AT_CAPACITY',
      'this worker has no free network slot',
      'Try again, or give the WorkerPool more replicas.',
    );
  }
  // Never the text of what was thrown: it names files and commands of the host.
  const told = thrown instanceof SandboxError ? thrown.told(command) : 'the sandbox failed';
  return new DispatchError('SANDBOX_FAILED', told, 'The worker log has the whole reason at this time.');
}

export function outcomeOfError(error: DispatchError, cut: Cut | undefined): Outcome {
  if (cut === 'deadline') return { phase: 'Timeout', reason: 'DeadlineExceeded', message: error.message };
  if (cut === 'caller') return { phase: 'Failed', reason: 'CallerGone', message: 'the caller went away' };
  return { phase: 'Failed', reason: reasons[error.code] ?? 'SandboxFailed', message: error.message };
}
