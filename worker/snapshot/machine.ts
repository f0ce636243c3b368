/** What an image can be restored by: this runsc on this processor. Another runsc's state, or one that used instructions that are not here, is none. */
import { readFileSync, statSync } from 'node:fs';

let processor: string | undefined;

/** One line a kind of processor; the clock rate of the moment is none of it. */
function processorOf(): string {
  const lines = readFileSync('/proc/cpuinfo', 'utf8').split('\n');
  const told = lines.filter((line) => /^(?:vendor_id|model name|flags|Features|CPU part)\s*:/.test(line));
  return [...new Set(told)].join('\n');
}

export function machineOf(runsc: string): string {
  processor ??= processorOf();
  const { dev, ino, size, mtimeMs } = statSync(runsc);
  return JSON.stringify([processor, dev, ino, size, mtimeMs]);
}
