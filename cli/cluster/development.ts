/**
 * Is `clrk dev` up? Reads its state file (local/dev-state.ts) without loading that folder, because every command
 * asks and most must start in milliseconds. It must never change anything there.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

export function developmentRuns(clrkHome: string): boolean {
  if (!existsSync(join(clrkHome, 'kubeconfig'))) return false;
  try {
    const state = JSON.parse(readFileSync(join(clrkHome, 'dev.json'), 'utf8')) as {
      supervisor?: { pid?: unknown };
    };
    const pid = state.supervisor?.pid;
    return typeof pid === 'number' && isAlive(pid);
  } catch {
    return false;
  }
}
