/** Work on NATS that is tried until it is done. Apart because connecting and each bucket are tried alike. */
import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage } from '../contract/index.ts';
import type { Log } from '../process/index.ts';

// The first tries are quick because on one machine everything starts at once.
const firstRetryMs = 250;
const lastRetryMs = 10_000;

/** What the work came to, tried until it is done; undefined: the signal came first. Never rejects. */
export async function untilDone<T>(
  work: () => Promise<T>,
  whenNot: string,
  { log, signal }: { readonly log: Log; readonly signal: AbortSignal },
): Promise<T | undefined> {
  for (let waitMs = firstRetryMs; !signal.aborted; waitMs = Math.min(waitMs * 2, lastRetryMs)) {
    try {
      return await work();
    } catch (thrown) {
      log.warn({ error: errorMessage(thrown), retryMs: waitMs }, whenNot);
    }
    await sleep(waitMs, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}
