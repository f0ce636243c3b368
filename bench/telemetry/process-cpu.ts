/** Processor seconds of another process, user and system: what a busy machine cannot add to. */
import { readFileSync } from 'node:fs';

/** Linux counts in hundredths. */
export function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
