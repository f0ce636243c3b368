/**
 * Ctrl-C and TERM for the supervisor: the first asks for an orderly stop, the second ends at once. Its children die with
 * it then (`guarded-spawn.ts`), and the next start removes addresses.
 */

/** Returns what takes the handlers off again. */
export function onInterruption(first: () => void): () => void {
  let seen = 0;
  const handler = (): void => {
    seen += 1;
    if (seen === 1) first();
    // No clean-up is meant: KILL is what `now` says, and TERM reaches the children by their parent's death.
    else process.kill(process.pid, 'SIGKILL');
  };
  process.on('SIGINT', handler);
  process.on('SIGTERM', handler);
  return () => {
    process.off('SIGINT', handler);
    process.off('SIGTERM', handler);
  };
}
