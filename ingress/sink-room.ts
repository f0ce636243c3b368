/** Waits until a stream takes more, or will never. Apart because `events.once` in a loop leaves listeners behind. */
import type { Writable } from 'node:stream';

export function sinkRoom(sink: Writable): Promise<void> {
  if (sink.destroyed || !sink.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of ['drain', 'close', 'error']) sink.off(event, done);
      resolve();
    };
    for (const event of ['drain', 'close', 'error']) sink.on(event, done);
  });
}
