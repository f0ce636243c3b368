/** What the kernel knows of processes: children, and which of them holds which connections. */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** 0 for a process that is no more. */
function parentOf(pid: string): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? 0 : Number(parent);
  } catch {
    return 0;
  }
}

export function childrenOf(pid: number): readonly number[] {
  return readdirSync('/proc')
    .filter((each) => /^\d+$/.test(each) && parentOf(each) === pid)
    .map(Number)
    .sort((a, b) => a - b);
}

export function isRunning(pid: number): boolean {
  return parentOf(String(pid)) !== 0;
}

function inodesOf(pid: number): ReadonlySet<string> {
  const found = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
    } catch {
      return [];
    }
  });
  return new Set(found);
}

/** Established connections that came to this address, of one process. */
export function connectionsOf(pid: number, ip: string, port: number): number {
  const bytes = [...ip.split('.').map(Number)].reverse();
  const local = `${Buffer.from(bytes).toString('hex')}:${port.toString(16).padStart(4, '0')}`.toUpperCase();
  const established = '01';
  const inodes = inodesOf(pid);
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, at, , state]) => at === local && state === established)
    .filter((fields) => inodes.has(fields[9] ?? '')).length;
}
