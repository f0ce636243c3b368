/**
 * Which agents have state here: by the agent's UID, so that a namesake made later sees nothing of it, and no longer than
 * the agent itself. An agent that leaves the config for a moment keeps its state; one whose name another has taken does
 * not. No error of this says a path of the host.
 */
import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PoolAgent } from '../../contract/index.ts';
import {
  deleteVolume,
  imageBytes,
  isDetached,
  makeVolume,
  mountVolume,
  resizeVolume,
  unmountVolume,
  type VolumeOwner,
} from './state-volume.ts';

type StateAgent = Pick<PoolAgent, 'namespace' | 'name' | 'uid' | 'state'>;

export interface StateVolumesOptions {
  /** Of the image files; outlives this worker's process. */
  readonly directory: string;
  /** Of the mount points; what a dead worker has left there is `orphans.ts`'s to unmount. */
  readonly mountDirectory: string;
  /** Milliseconds that never go back. */
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

/** How long an agent may be missing from the config before its state is cleared. */
export const missingMs = 10 * 60_000;

/** A name that is one path segment, whatever the text. */
function segment(text: string): string {
  return /^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$/.test(text)
    ? text
    : createHash('sha256').update(text).digest('hex');
}

const namesOf = (path: string): Promise<string[]> => readdir(path).catch((): string[] => []);

export class StateVolumes {
  readonly #options: StateVolumesOptions;
  /** Mount points by image file. */
  readonly #mounted = new Map<string, string>();
  /** One thing at a time with each image file. */
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #missingSince = new Map<string, number>();
  #count = 0;

  constructor(options: StateVolumesOptions) {
    this.#options = options;
  }

  /** The host directory to bind, or undefined for an agent without state. */
  async open(agent: StateAgent, owner: VolumeOwner): Promise<string | undefined> {
    const { state } = agent;
    if (state === undefined) return undefined;
    const image = this.#imageOf(agent);
    return this.#inTurn(image, () => this.#open(image, state.sizeLimitBytes, owner));
  }

  #imageOf({ namespace, name, uid }: StateAgent): string {
    return join(this.#options.directory, segment(namespace), segment(name), `${segment(uid)}.ext4`);
  }

  async #inTurn<T>(image: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(image) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.catch(() => undefined);
    this.#turns.set(image, settled);
    try {
      return await mine;
    } finally {
      if (this.#turns.get(image) === settled) this.#turns.delete(image);
    }
  }

  async #open(image: string, limitBytes: number, owner: VolumeOwner): Promise<string> {
    const size = await stat(image).then(
      (found) => found.size,
      () => undefined,
    );
    if (size === undefined) await makeVolume(image, limitBytes, owner);
    else if (size !== imageBytes(limitBytes)) await this.#resize(image, limitBytes);
    const mounted = this.#mounted.get(image);
    if (mounted !== undefined) return mounted;
    // Never a mount point used before: whoever still holds its path must find nothing, not the bare disk.
    this.#count += 1;
    const mountPoint = join(this.#options.mountDirectory, `${process.pid}-${this.#count}`);
    await mountVolume(image, mountPoint);
    this.#mounted.set(image, mountPoint);
    return mountPoint;
  }

  /** When no sandbox has it; else at a later opening. One that does not fit keeps the size it has. */
  async #resize(image: string, limitBytes: number): Promise<void> {
    try {
      await this.#unmount(image);
      if (await isDetached(image)) await resizeVolume(image, limitBytes);
    } catch (error) {
      this.#options.onError(error);
    }
  }

  async #unmount(image: string): Promise<void> {
    const mountPoint = this.#mounted.get(image);
    this.#mounted.delete(image);
    if (mountPoint !== undefined) await unmountVolume(mountPoint);
  }

  /** Clears the state of agents that are gone. To be called with each config, and now and then. */
  async retain(agents: readonly StateAgent[]): Promise<void> {
    const wanted = new Set(
      agents.filter(({ state }) => state !== undefined).map((each) => this.#imageOf(each)),
    );
    const taken = new Set(agents.map((each) => join(segment(each.namespace), segment(each.name))));
    for (const { image, name } of await this.#list()) {
      if (wanted.has(image)) {
        this.#missingSince.delete(image);
        continue;
      }
      const since = this.#missingSince.get(image) ?? this.#options.now();
      this.#missingSince.set(image, since);
      const replaced = taken.has(name) && !agents.some((each) => this.#imageOf(each) === image);
      if (!replaced && this.#options.now() - since < missingMs) continue;
      this.#missingSince.delete(image);
      await this.#inTurn(image, () => this.#clear(image)).catch(this.#options.onError);
    }
  }

  /** Image files, and the namespace and name they are for. No deeper than they are: what an agent wrote is not looked at. */
  async #list(): Promise<readonly { readonly image: string; readonly name: string }[]> {
    const { directory } = this.#options;
    const below = async (paths: readonly string[]): Promise<readonly string[]> => {
      const names = await Promise.all(paths.map((path) => namesOf(join(directory, path))));
      return paths.flatMap((path, index) => (names[index] ?? []).map((name) => join(path, name)));
    };
    const files = await below(await below(await below([''])));
    return files
      .filter((file) => file.endsWith('.ext4'))
      .map((file) => ({ image: join(directory, file), name: dirname(file) }));
  }

  /** Whoever still has it goes on with what no longer has a name. */
  async #clear(image: string): Promise<void> {
    await this.#unmount(image);
    await deleteVolume(image);
  }

  /** After the last sandbox. */
  async close(): Promise<void> {
    for (const image of [...this.#mounted.keys()]) {
      await this.#inTurn(image, () => this.#unmount(image)).catch(this.#options.onError);
    }
  }
}
