/**
 * The end of an answer given before the caller had sent all of its body. Closing then makes the kernel reset the
 * connection, and the reset overtakes the answer: the caller sees a broken connection instead of the reason. So what
 * still comes is read and thrown away first, within bounds. It must never keep a byte of it.
 */
import type { IncomingMessage } from 'node:http';

/** Twice the largest body that is taken: whoever sends more than that is not going to read an answer. */
const maxBytes = 64 * 1024 * 1024;
/** As nginx' lingering_time and lingering_timeout. */
const maxMs = 30_000;
const idleMs = 5_000;

/** Calls `end` once the caller has sent everything, has gone, has stopped sending, or has sent far too much. */
export function lingerUntilSent(request: IncomingMessage, end: () => void): void {
  if (request.complete || request.destroyed) {
    end();
    return;
  }
  let bytes = 0;
  const read = (): void => {
    for (;;) {
      const chunk = request.read() as Buffer | null;
      if (chunk === null) break;
      bytes += chunk.length;
      idle.refresh();
    }
    if (bytes > maxBytes) stop();
  };
  const stop = (): void => {
    clearTimeout(idle);
    clearTimeout(whole);
    request.off('readable', read);
    for (const event of ['end', 'close', 'error']) request.off(event, stop);
    end();
  };
  const idle = setTimeout(stop, idleMs);
  const whole = setTimeout(stop, maxMs);
  for (const event of ['end', 'close', 'error']) request.on(event, stop);
  request.on('readable', read);
  read();
}
