/** What a process used, from /proc: processor time and resident memory. Linux only, as the gateway's host is. */
import { readFileSync } from 'node:fs';

/** The kernel's USER_HZ; 100 on every Linux that Node runs on. */
const tickMs = 10;

/** utime and stime of /proc/PID/stat in milliseconds; the name in parentheses may hold anything. */
export function parseCpuMs(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

export function parseResidentMb(status: string): number {
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024;
}

export function cpuMs(pid: number): number {
  return parseCpuMs(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

export function residentMb(pid: number): number {
  return parseResidentMb(readFileSync(`/proc/${pid}/status`, 'utf8'));
}
