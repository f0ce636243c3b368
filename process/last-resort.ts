/**
 * What no boundary caught. The process is then in a state nobody has thought of, so it goes: but told in the log, counted, and
 * with the work of others finished first, as on SIGTERM. Without this Node would end it in the middle of all of it.
 */
import { ClrkError } from '../contract/index.ts';
import type { Log } from './log.ts';

export interface LastResort {
  /** Aborted when something was caught: time to drain. */
  readonly broken: AbortSignal;
  /** To be called when drained: throws PROCESS_FAULT, with which the process ends, when something was caught. */
  leave(): void;
}

/** A second fault within the drain does not end it early; the drain is bounded. */
export function guardProcess(log: Pick<Log, 'error'>, count: () => void): LastResort {
  const controller = new AbortController();
  // Also called for rejections that nobody handles.
  const caught = (error: unknown, origin: string): void => {
    count();
    log.error({ ...faultOf(error), origin }, 'a fault that nothing caught: draining, then exit 1');
    controller.abort();
  };
  process.on('uncaughtException', caught);
  return {
    broken: controller.signal,
    leave: () => {
      process.removeListener('uncaughtException', caught);
      if (!controller.signal.aborted) return;
      throw new ClrkError('PROCESS_FAULT', 'a defect left the process in an unknown state', {
        hint: 'Its log names the place (origin, at); its deployment starts it anew.',
        retryable: true,
      });
    },
  };
}

/** What may be logged of an unforeseen fault: where it was, never its message, which may quote what somebody sent. */
export function faultOf(error: unknown): { readonly fault: string; readonly at: readonly string[] } {
  if (!(error instanceof Error)) return { fault: typeof error, at: [] };
  const lines = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '));
  const code = (error as NodeJS.ErrnoException).code ?? error.name;
  return { fault: code, at: lines.slice(0, 8).map((line) => line.trim()) };
}
