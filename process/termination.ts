/** SIGTERM and SIGINT as one AbortSignal. A second signal is left to the default: it ends the process at once. */
import type { Log } from './log.ts';

export function untilTerminated(log: Log): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      if (!controller.signal.aborted) log.info({ signal }, 'told to stop');
      controller.abort();
    });
  }
  return controller.signal;
}
