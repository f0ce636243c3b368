/**
 * The sandboxes' cgroups: where runsc puts them, whether the limits really stand, and their removal. Apart because
 * "a limit that could not be applied" must refuse the sandbox, whatever the tool said. cgroup v1 and v2.
 */
import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync, mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ClrkError } from '../../contract/index.ts';
import { monotonicMs } from '../../process/index.ts';
import { reap } from '../system/libc.ts';
import { cpuQuota, cpuShareWrites, handedDown } from './cpu-share.ts';

const mountPoint = '/sys/fs/cgroup';
const isV2 = (): boolean => existsSync(join(mountPoint, 'cgroup.controllers'));

export interface Limits {
  readonly memoryBytes: number;
  readonly cpuMillis: number;
}

/** Of every sandbox on this machine. */
const sandboxesCgroup = '/clrk/sandboxes';

/** cgroupsPath of a worker; sandboxes are its children. */
export const workerCgroup = (worker: string): string => `${sandboxesCgroup}/${worker}`;

function readNumbers(path: string): readonly string[] {
  return readFileSync(path, 'utf8').trim().split(/\s+/);
}

function observedLimits(cgroupPath: string): { readonly memory: string; readonly quota: string } {
  if (isV2()) {
    const [memory = ''] = readNumbers(join(mountPoint, cgroupPath, 'memory.max'));
    const [quota = ''] = readNumbers(join(mountPoint, cgroupPath, 'cpu.max'));
    return { memory, quota };
  }
  const [memory = ''] = readNumbers(join(mountPoint, 'memory', cgroupPath, 'memory.limit_in_bytes'));
  const [quota = ''] = readNumbers(join(mountPoint, 'cpu', cgroupPath, 'cpu.cfs_quota_us'));
  return { memory, quota };
}

/** Throws LIMITS_NOT_APPLIED unless the kernel holds these limits for this cgroup. */
export function requireLimits(cgroupPath: string, limits: Limits): void {
  let observed: ReturnType<typeof observedLimits>;
  try {
    observed = observedLimits(cgroupPath);
  } catch (cause) {
    throw new ClrkError('LIMITS_NOT_APPLIED', 'the sandbox has no cgroup with memory and cpu limits', {
      cause,
      hint: 'The worker needs a writable /sys/fs/cgroup with the memory and cpu controllers.',
    });
  }
  // The kernel rounds memory down to pages.
  const memoryOk = Math.abs(Number(observed.memory) - limits.memoryBytes) < 65_536;
  const cpuOk = Math.abs(Number(observed.quota) - cpuQuota(limits.cpuMillis)) < 1;
  if (memoryOk && cpuOk) return;
  throw new ClrkError(
    'LIMITS_NOT_APPLIED',
    `the kernel holds memory ${observed.memory}, cpu quota ${observed.quota} for the sandbox, not what was asked`,
  );
}

/**
 * v2 only: a cgroup with processes of its own cannot delegate controllers to children (the "no internal processes"
 * rule), so ours move to a leaf first. At the real root the rule does not apply.
 */
export function prepareCgroups(): void {
  if (!isV2()) return;
  const control = join(mountPoint, 'cgroup.subtree_control');
  const enable = (): void => writeFileSync(control, handedDown);
  try {
    enable();
  } catch {
    const leaf = join(mountPoint, 'clrk-worker');
    mkdirSync(leaf, { recursive: true });
    for (const pid of readNumbers(join(mountPoint, 'cgroup.procs'))) {
      // A process may have ended since the list was read.
      if (pid !== '') tryWrite(join(leaf, 'cgroup.procs'), pid);
    }
    enable();
  }
}

/** Divides the processors between workers, and between all sandboxes and the platform. Throws when the kernel does not. */
export function shareProcessors(worker: string): void {
  const version = isV2() ? 'v2' : 'v1';
  const groups = { sandboxes: sandboxesCgroup, worker: workerCgroup(worker) };
  mkdirSync(join(mountPoint, version === 'v1' ? 'cpu' : '', groups.worker), { recursive: true });
  for (const { file, value } of cpuShareWrites(groups, availableParallelism(), version)) {
    writeFileSync(join(mountPoint, file), value);
  }
}

function tryWrite(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch {
    // The caller's next step fails clearly if this mattered.
  }
}

/** Every controller's directory of this cgroup path. */
function directoriesOf(cgroupPath: string): readonly string[] {
  if (isV2()) return [join(mountPoint, cgroupPath)];
  return existsSync(mountPoint)
    ? readdirSync(mountPoint).map((name) => join(mountPoint, name, cgroupPath))
    : [];
}

/** Processes still in a sandbox's or worker's cgroups. */
export function processesIn(cgroupPath: string): readonly number[] {
  const found = new Set<number>();
  const visit = (directory: string): void => {
    if (!existsSync(join(directory, 'cgroup.procs'))) return;
    for (const text of readNumbers(join(directory, 'cgroup.procs'))) if (text !== '') found.add(Number(text));
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (entry.isDirectory()) visit(join(directory, entry.name));
    }
  };
  for (const directory of directoriesOf(cgroupPath)) visit(directory);
  return [...found];
}

// A killed sandbox is gone in tens of milliseconds; one in uninterruptible sleep must not block anybody.
const endTimeoutMs = 5_000;
const endPollMs = 20;

/** Ends every process of these cgroups, which hold nothing but sandboxes. False: one is still there. */
export async function endProcessesIn(cgroupPath: string): Promise<boolean> {
  const deadline = monotonicMs() + endTimeoutMs;
  for (let pids = processesIn(cgroupPath); pids.length > 0; pids = processesIn(cgroupPath)) {
    if (monotonicMs() > deadline) return false;
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended in this moment.
      }
    }
    await delay(endPollMs);
    // Those whose parent has died are our children.
    for (const pid of pids) reap(pid);
  }
  return true;
}

/** What the sandbox has used of the processor since it began, and of memory now. Throws when it is no more. */
export function usageIn(cgroupPath: string): { readonly cpuMs: number; readonly memoryBytes: number } {
  if (isV2()) {
    const stat = readFileSync(join(mountPoint, cgroupPath, 'cpu.stat'), 'utf8');
    const [memory = ''] = readNumbers(join(mountPoint, cgroupPath, 'memory.current'));
    return { cpuMs: Number(/^usage_usec (\d+)$/m.exec(stat)?.[1]) / 1_000, memoryBytes: Number(memory) };
  }
  const [used = ''] = readNumbers(join(mountPoint, 'cpuacct', cgroupPath, 'cpuacct.usage'));
  const [memory = ''] = readNumbers(join(mountPoint, 'memory', cgroupPath, 'memory.usage_in_bytes'));
  return { cpuMs: Number(used) / 1_000_000, memoryBytes: Number(memory) };
}

/** The kernel has killed a process of this cgroup because its memory was used up. */
export function ranOutOfMemory(cgroupPath: string): boolean {
  const file = isV2()
    ? join(mountPoint, cgroupPath, 'memory.events')
    : join(mountPoint, 'memory', cgroupPath, 'memory.oom_control');
  try {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync(file, 'utf8'))?.[1] ?? 0) > 0;
  } catch {
    return false;
  }
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // In use, or gone.
  }
}

/** Removes the cgroup and its children where they are empty; a busy one stays for the next attempt. */
export function removeCgroup(cgroupPath: string): void {
  const remove = (directory: string): void => {
    if (!existsSync(directory)) return;
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (entry.isDirectory()) remove(join(directory, entry.name));
    }
    removeIfEmpty(directory);
  };
  for (const directory of directoriesOf(cgroupPath)) remove(directory);
}

/** A worker's cgroup and, when it was the machine's last worker, those that held all of theirs. */
export function removeWorkerCgroup(cgroupPath: string): void {
  removeCgroup(cgroupPath);
  for (let above = dirname(cgroupPath); above !== '/'; above = dirname(above)) {
    for (const directory of directoriesOf(above)) removeIfEmpty(directory);
  }
}
