/**
 * How the machine's processors are divided: every worker on it the same weight, a sandbox by what its agent asked for, and
 * all sandboxes together below a ceiling, so that the worker, the gateway and whoever else keeps the platform going always
 * have a share. Pure: which file of which cgroup version says so.
 */
export const cpuPeriodUs = 100_000;

/** The controllers that limit a sandbox, as a v2 group hands them down to the groups below it. */
export const handedDown = '+cpu +memory +pids';

/** Kept from all sandboxes together: a tenth of the machine, and never less than a quarter of a processor. */
const reserveMillis = (cpus: number): number => Math.max(250, cpus * 100);

export const ceilingMillis = (cpus: number): number => Math.max(250, cpus * 1000 - reserveMillis(cpus));

/** What the kernel can be asked for: in cgroup v1 no child may ask for more than its parent has. */
export const grantedMillis = (askedMillis: number, cpus: number): number =>
  Math.min(askedMillis, ceilingMillis(cpus));

/** Quota in microseconds a period; the kernel takes nothing below 1 ms. */
export const cpuQuota = (cpuMillis: number): number => Math.max(1000, (cpuMillis * cpuPeriodUs) / 1000);

/** As Kubernetes does: a processor is 1024 shares. runsc turns them into a v2 weight. */
export const cpuShares = (cpuMillis: number): number => Math.max(2, Math.round((cpuMillis * 1024) / 1000));

export interface CgroupWrite {
  /** Below the cgroup mount point. */
  readonly file: string;
  readonly value: string;
}

/** Half of what any other group of the machine has, when both want everything. */
const allSandboxes = { shares: 512, weight: 50 };
const eachWorker = { shares: 1024, weight: 100 };

/** `sandboxes`: the group of all of them on this machine; `worker`: this worker's, below it. */
export function cpuShareWrites(
  groups: { readonly sandboxes: string; readonly worker: string },
  cpus: number,
  version: 'v1' | 'v2',
): readonly CgroupWrite[] {
  const quota = cpuQuota(ceilingMillis(cpus));
  const [sandboxes, worker] = [groups.sandboxes.slice(1), groups.worker.slice(1)];
  if (version === 'v1') {
    return [
      { file: `cpu/${sandboxes}/cpu.cfs_period_us`, value: String(cpuPeriodUs) },
      { file: `cpu/${sandboxes}/cpu.cfs_quota_us`, value: String(quota) },
      { file: `cpu/${sandboxes}/cpu.shares`, value: String(allSandboxes.shares) },
      { file: `cpu/${worker}/cpu.shares`, value: String(eachWorker.shares) },
    ];
  }
  // A group's files are there once its parent hands the controller down.
  const parents = sandboxes.split('/').map((_, index, parts) => parts.slice(0, index + 1).join('/'));
  return [
    ...parents.map((path) => ({ file: `${path}/cgroup.subtree_control`, value: handedDown })),
    { file: `${sandboxes}/cpu.max`, value: `${quota} ${cpuPeriodUs}` },
    { file: `${sandboxes}/cpu.weight`, value: String(allSandboxes.weight) },
    { file: `${worker}/cpu.weight`, value: String(eachWorker.weight) },
  ];
}
