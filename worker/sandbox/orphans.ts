/**
 * Clears what a worker that died without cleaning up has left: sandboxes, namespaces, mounts, cgroups. Runs before
 * anything new is made. Which leftovers belong to the dead is told by owner files (pid and its start time), so a
 * worker never touches another live one's things.
 */
import { mkdir, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deleteNamespace } from '../network/router-namespace.ts';
import { runCommand } from '../system/command.ts';
import { endProcessesIn, removeWorkerCgroup } from './cgroup.ts';

/** Where a worker keeps what outlives its process. */
export interface WorkerPlace {
  readonly routerNamespace: string;
  readonly cgroup: string;
  readonly runDirectory: string;
}

export interface Ownership extends WorkerPlace {
  readonly pid: number;
  /** Clock ticks since boot (proc(5), stat field 22): tells a reused pid from the original. */
  readonly startTicks: string;
}

// Namespaces are named machine-wide, so the list of their owners is too.
const ownersDirectory = '/run/clrk-owners';
export function startTicksOf(pid: number): string | undefined {
  try {
    // The command name may hold anything but ends at the last parenthesis.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(')').at(-1)?.trim().split(' ') ?? [];
    return fields[19];
  } catch {
    return undefined;
  }
}

const ownerFile = (routerNamespace: string): string => join(ownersDirectory, `${routerNamespace}.json`);

export async function claim(ownership: WorkerPlace): Promise<void> {
  await mkdir(ownersDirectory, { recursive: true, mode: 0o700 });
  const owner: Ownership = { ...ownership, pid: process.pid, startTicks: startTicksOf(process.pid) ?? '' };
  await writeFile(ownerFile(ownership.routerNamespace), JSON.stringify(owner), { mode: 0o600 });
}

export async function disclaim(routerNamespace: string): Promise<void> {
  await rm(ownerFile(routerNamespace), { force: true });
}

async function owners(): Promise<readonly Ownership[]> {
  const names = await readdir(ownersDirectory).catch((): string[] => []);
  const read = names.map(async (name) => {
    try {
      return [JSON.parse(await readFile(join(ownersDirectory, name), 'utf8')) as Ownership];
    } catch {
      return [];
    }
  });
  return (await Promise.all(read)).flat();
}

/** Mount points under a directory, innermost first. */
function mountsUnder(directory: string): readonly string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => (line.split(' ')[1] ?? '').replaceAll('\\040', ' '))
    .filter((path) => path.startsWith(`${directory}/`))
    .reverse();
}

/** Removes everything of one owner. The order is: processes, what they hold, what holds them. */
export async function clearLeftovers(ownership: WorkerPlace): Promise<void> {
  const { routerNamespace, cgroup, runDirectory } = ownership;
  await endProcessesIn(cgroup);
  for (const mount of mountsUnder(runDirectory)) await runCommand('umount', ['--lazy', mount]);
  for (const name of ['runsc', 'bundles', 'roots', 'snapshots']) {
    await rm(join(runDirectory, name), { recursive: true, force: true });
  }
  // Of state that was mounted; never what is in them.
  const mountPoints = join(runDirectory, 'state');
  for (const name of await readdir(mountPoints).catch((): string[] => []))
    await rmdir(join(mountPoints, name));
  const names = existsSync('/run/netns') ? await readdir('/run/netns') : [];
  for (const name of names) {
    const rest = name.startsWith(`${routerNamespace}-`) ? name.slice(routerNamespace.length + 1) : '';
    if (name === routerNamespace || /^\d+$/.test(rest)) await deleteNamespace(name);
  }
  removeWorkerCgroup(cgroup);
  await disclaim(routerNamespace);
}

/**
 * Clears up after every worker whose process is dead: below one directory, or anywhere on this machine. For whoever
 * has ended workers by SIGKILL and will start no other one that would do it.
 */
export async function clearDeadWorkers(below?: string): Promise<void> {
  for (const owner of await owners()) {
    if (below !== undefined && !`${owner.runDirectory}/`.startsWith(`${below}/`)) continue;
    const alive = startTicksOf(owner.pid) === owner.startTicks;
    if (!alive) await clearLeftovers(owner);
  }
}

/** Clears up after every worker that is dead, and after earlier lives of this one. */
export async function clearOrphans(mine: WorkerPlace): Promise<void> {
  await clearDeadWorkers();
  await clearLeftovers(mine);
}
