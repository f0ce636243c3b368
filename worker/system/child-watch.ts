/**
 * Tells when adopted children end (runsc's sandbox processes, ours by subreaping). SIGCHLD says that some child
 * ended; which one is asked of the kernel. Node keeps reaping the children it spawned itself; we only ever ask for
 * the pids we were told to watch.
 * (A connection to the sandbox's control server would tell as well, but the sentry waits 15 s for it to close.)
 */
import { reap } from './libc.ts';

const watched = new Map<number, (code: number) => void>();
// SIGCHLD is enough; this only bounds the harm of one that was lost.
const safetyPollMs = 1000;
let timer: NodeJS.Timeout | undefined;

function settle(pid: number): void {
  const result = reap(pid);
  if (result.state === 'running') return;
  const resolve = watched.get(pid);
  watched.delete(pid);
  // Unknown: someone else reaped it, so its code is lost; 255 is what shells give for "out of range".
  resolve?.(result.state === 'exited' ? result.code : 255);
}

function settleAll(): void {
  for (const pid of [...watched.keys()]) settle(pid);
  if (watched.size === 0 && timer !== undefined) {
    clearInterval(timer);
    timer = undefined;
    process.off('SIGCHLD', settleAll);
  }
}

/** Resolves with the child's exit code once it has ended. */
export function untilChildEnds(pid: number): Promise<number> {
  return new Promise((resolve) => {
    watched.set(pid, resolve);
    if (timer === undefined) {
      timer = setInterval(settleAll, safetyPollMs);
      process.on('SIGCHLD', settleAll);
    }
    // It may have ended before anyone watched.
    settle(pid);
  });
}
