/** SIGTERM and SIGINT as one AbortSignal, whose reason is which, and waiting for one. A second signal is left to the default: it ends the process at once. */
import type { Log } from './log.ts';

export function untilTerminated(log: Log): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      if (!controller.signal.aborted) log.info({ signal }, 'told to stop');
      controller.abort(signal);
    });
  }
  return controller.signal;
}

/** Resolves when it aborts, at once when it has. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
