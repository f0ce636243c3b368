/** The disk on which a worker keeps its agents' state: a file system for each, with a size of its own. Needs root. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StateVolumes } from '../../../worker/sandbox/state-volumes.ts';
import { honestCaller, keepAsking, textAt, type Part, type SharedThing } from '../shared-thing.ts';

const mib = 1024 * 1024;
const owner = { uid: 0, gid: 0 };

async function openState(): Promise<Part> {
  const directory = mkdtempSync(join(tmpdir(), 'clrk-bench-state-'));
  const volumes = new StateVolumes({
    ...{ directory: join(directory, 'state'), mountDirectory: join(directory, 'mounts') },
    ...{ now: () => performance.now(), onError: () => undefined },
  });
  const of = async (namespace: string): Promise<string> => {
    const mounted = await volumes.open(
      { namespace, name: 'hello', uid: namespace, state: { mountPath: '/state', sizeLimitBytes: 16 * mib } },
      owner,
    );
    if (mounted === undefined) throw new Error('no state');
    return mounted;
  };
  return {
    place: { hostile: await of('mall'), honest: await of('shop') },
    [Symbol.asyncDispose]: async () => {
      await volumes.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function write(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(Buffer.alloc(bytes, 1));
    await file.sync();
  } finally {
    await file.close();
  }
}

export const state: SharedThing = {
  role: 'worker',
  name: 'disk for state',
  hostile: 'fills its state with files of 256 KiB, each synced, 8 at a time, over and over',
  open: openState,
  fill: async (place, tally, signal) => {
    const directory = textAt(place, 'hostile');
    let next = 0;
    await keepAsking({ atOnce: 8, perSecond: 400 }, tally, signal, async () => {
      next += 1;
      try {
        await write(join(directory, `f${next}`), 256 * 1024);
        return true;
      } catch {
        for (const name of readdirSync(directory))
          await rm(join(directory, name), { recursive: true, force: true });
        return false;
      }
    });
  },
  honest: (place) => honestCaller(() => write(join(textAt(place, 'honest'), 'one'), 4_096)),
};
