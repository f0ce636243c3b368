/** The program an image may ship that is run in each restored sandbox before its run, as the agent's user: to reseed. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { resolveInRoot } from '../sandbox/confined-path.ts';

export const restoreHook = '/.clrk/on-restore';
export const hookTimeoutMs = 5_000;

/** Whether it is there and meant to be run; where it leads is looked up within the root alone. */
export async function hasRestoreHook(rootfsPath: string): Promise<boolean> {
  const relative = await resolveInRoot(rootfsPath, restoreHook, true);
  if (relative === undefined) return false;
  const found = await lstat(join(rootfsPath, relative)).catch(() => undefined);
  return found !== undefined && found.isFile() && (found.mode & 0o111) !== 0;
}
