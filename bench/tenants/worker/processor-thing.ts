/** The processors, between sandboxes of two pools on one machine: processes in cgroups as workers divide them. Needs root. */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import {
  endProcessesIn,
  prepareCgroups,
  removeWorkerCgroup,
  shareProcessors,
  workerCgroup,
} from '../../../worker/sandbox/cgroup.ts';
import { keepAsking, textAt, type Part, type SharedThing } from '../shared-thing.ts';
import { SlotCaller } from './slot-caller.ts';

const mountPoint = '/sys/fs/cgroup';

/** Of one sandbox of that worker: the directory whose `cgroup.procs` takes processes. */
function sandboxOf(worker: string): string {
  const isV2 = existsSync(join(mountPoint, 'cgroup.controllers'));
  const directory = join(mountPoint, isV2 ? '' : 'cpu', workerCgroup(worker), 's');
  mkdirSync(directory, { recursive: true });
  return directory;
}

function openProcessors(): Promise<Part> {
  const name = randomUUID().slice(0, 8);
  const workers = [`clrk-bp-${name}-mall`, `clrk-bp-${name}-shop`];
  prepareCgroups();
  const [hostile = '', honest = ''] = workers.map((worker) => {
    shareProcessors(worker);
    return sandboxOf(worker);
  });
  return Promise.resolve({
    place: { hostile, honest },
    [Symbol.asyncDispose]: async () => {
      for (const worker of workers) {
        await endProcessesIn(workerCgroup(worker));
        removeWorkerCgroup(workerCgroup(worker));
      }
    },
  });
}

const burn = (ms: number): string => `async () => {
  const until = process.cpuUsage().user + ${ms * 1_000};
  while (process.cpuUsage().user < until);
  return true;
}`;

export const processors: SharedThing = {
  role: 'worker',
  name: 'processors between pools',
  hostile: 'has four processes a processor that compute without end; the honest one computes for 2 ms',
  open: openProcessors,
  fill: async (place, tally, signal) => {
    const callers = Array.from({ length: 4 * availableParallelism() }, () =>
      SlotCaller.inCgroup(textAt(place, 'hostile'), burn(50)),
    );
    await Promise.all(
      callers.map((caller) =>
        keepAsking({ atOnce: 1, perSecond: 1_000 }, tally, signal, () => caller.attempt()),
      ),
    );
  },
  honest: (place) => {
    const caller = SlotCaller.inCgroup(textAt(place, 'honest'), burn(2));
    return Promise.resolve({
      call: async () => void (await caller.attempt()),
      [Symbol.asyncDispose]: () => caller.end(),
    });
  },
};
