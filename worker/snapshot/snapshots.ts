/**
 * Images of waiting agents, one a plan: taken of a sandbox that reached nothing and knows of no run, tried out, and restored into
 * a sandbox for each run. What cannot be restored is told, and the run is cold. They live as long as this worker wants them: no
 * image outlives its agent, its revision, what the agent may reach, or this process.
 */
import { rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { SyntheticAddresses } from '../dns/synthetic-address.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { MadeSandbox, SandboxPlan } from '../sandbox/sandbox-factory.ts';
import { planKey } from '../sandbox/warm-pool.ts';
import { Standby, type StandbyOptions } from '../standby/standby.ts';
import { untilQuiet } from './quiet.ts';
import { hasRestoreHook, hookTimeoutMs, restoreHook } from './restore-hook.ts';
import { SnapshotError } from './snapshot-error.ts';
import { SnapshotImage } from './snapshot-image.ts';
import { roomProblem } from './snapshot-room.ts';

/** Why a run that should have been restored was cold. */
export type FallbackReason = 'NoImage' | 'ImageChanged' | 'RestoreFailed' | 'HookFailed' | 'AgentLost';

export interface Usage {
  readonly cpuMs: number;
  readonly memoryBytes: number;
}

export interface SnapshotsOptions {
  /** Ours alone, and there. */
  readonly directory: string;
  readonly standby: StandbyOptions;
  readonly make: (plan: SandboxPlan) => Promise<MadeSandbox>;
  readonly clear: (sandbox: Sandbox) => void;
  readonly usageOf: (sandbox: Sandbox) => Usage;
  /** What images are good for, now. */
  readonly machine: () => string;
  readonly onFallback: (reason: FallbackReason) => void;
  readonly onError: (error: unknown) => void;
}

interface Held {
  readonly image: SnapshotImage;
  readonly hasHook: boolean;
  /** What the agent was told of names: it may remember. */
  readonly told: SyntheticAddresses;
}

/** An agent that is busy for so long has no point at which it waits. */
const bootMs = 60_000;

export class Snapshots {
  readonly #options: SnapshotsOptions;
  readonly #held = new Map<string, Held>();
  #wanted: ReadonlySet<string> = new Set();
  /** One at a time: pools are filled so. */
  #making: { readonly key: string; readonly given: AbortController } | undefined;
  #count = 0;
  #closed = false;

  constructor(options: SnapshotsOptions) {
    this.#options = options;
  }

  #keyOf(plan: SandboxPlan): string {
    return `${planKey(plan)} ${this.#options.machine()}`;
  }

  /** Says of which plans there may be images; removes the others. */
  async retain(plans: readonly SandboxPlan[]): Promise<void> {
    if (this.#closed) return;
    const wanted = plans.filter(({ agent }) => agent.standby?.mode === 'Snapshot');
    this.#wanted = new Set(wanted.map((plan) => this.#keyOf(plan)));
    const making = this.#making;
    if (making !== undefined && !this.#wanted.has(making.key)) making.given.abort();
    for (const key of this.#held.keys()) if (!this.#wanted.has(key)) await this.#drop(key);
  }

  async #drop(key: string): Promise<void> {
    const held = this.#held.get(key);
    this.#held.delete(key);
    await held?.image.remove().catch(this.#options.onError);
  }

  /** Sees to it that there is a good image of this plan. Throws a SnapshotError, or whatever when nobody wants it any more. */
  async ready(plan: SandboxPlan): Promise<void> {
    const key = this.#keyOf(plan);
    const held = this.#held.get(key);
    if (held !== undefined && (await held.image.isUntouched()) && (await held.image.isWhole())) return;
    await this.#drop(key);
    const { standby } = plan.agent;
    if (standby?.mode === 'Snapshot' && standby.holdsSecret === true) {
      throw new SnapshotError('SecretInEnvironment', 'the environment holds what looks like a credential');
    }
    if (!this.#wanted.has(key)) throw new SnapshotError('SnapshotFailed', 'nobody wants it any more');
    const given = new AbortController();
    this.#making = { key, given };
    try {
      this.#held.set(key, await this.#make(plan, given.signal));
    } finally {
      this.#making = undefined;
    }
  }

  async #make(plan: SandboxPlan, signal: AbortSignal): Promise<Held> {
    const made = await this.#take(plan, signal);
    try {
      await this.#tryOut(plan, made, signal);
      signal.throwIfAborted();
      return made;
    } catch (error) {
      await made.image.remove();
      throw error;
    }
  }

  /** The agent waits: it has done nothing of what loses a warm sandbox, and does nothing now. */
  async #awaitQuiet(sandbox: Sandbox, standby: Standby, given: AbortSignal): Promise<void> {
    const { usageOf } = this.#options;
    const lost = new AbortController();
    void standby.lost.then((reason) => lost.abort(reason));
    const { now } = this.#options.standby;
    const signal = AbortSignal.any([lost.signal, given]);
    const cpuMs = (): number => usageOf(sandbox).cpuMs;
    const isQuiet = await untilQuiet({ cpuMs, now, signal, mostMs: bootMs });
    if (isQuiet && standby.isFit) return;
    given.throwIfAborted();
    if (!lost.signal.aborted) throw new SnapshotError('SnapshotFailed', `the agent is busy for ${bootMs} ms`);
    const reason = await standby.lost;
    throw new SnapshotError(reason, `the agent did not wait for its input: ${reason}`);
  }

  async #take(plan: SandboxPlan, signal: AbortSignal): Promise<Held> {
    const { clear, make, standby: options, directory } = this.#options;
    const { sandbox, slot } = await make(plan);
    let standby: Standby | undefined;
    this.#count += 1;
    const path = join(directory, String(this.#count));
    try {
      standby = await Standby.start(options, { sandbox, slot }, plan);
      await this.#awaitQuiet(sandbox, standby, signal);
      await this.#requireRoom(this.#options.usageOf(sandbox).memoryBytes);
      await SnapshotImage.prepare(path);
      return await this.#seal(path, sandbox, standby.occupant.names, plan);
    } catch (error) {
      throw error instanceof SnapshotError
        ? error
        : new SnapshotError('SnapshotFailed', `no image could be taken: ${String(error)}`, error);
    } finally {
      clear(sandbox);
      standby?.leave();
    }
  }

  async #seal(path: string, sandbox: Sandbox, told: SyntheticAddresses, plan: SandboxPlan): Promise<Held> {
    try {
      await sandbox.checkpoint(path);
      const image = await SnapshotImage.seal(path);
      await this.#requireRoom(image.bytes, image.bytes);
      return { image, told, hasHook: await hasRestoreHook(plan.image.rootfsPath) };
    } catch (error) {
      await rm(path, { recursive: true, force: true });
      throw error;
    }
  }

  /** `written`: so much of it is on the disk already. */
  async #requireRoom(bytes: number, written = 0): Promise<void> {
    const { bavail, bsize } = await statfs(this.#options.directory);
    const problem = roomProblem({
      heldBytes: [...this.#held.values()].reduce((sum, { image }) => sum + image.bytes, 0),
      heldImages: this.#held.size,
      freeBytes: bavail * bsize + written,
      bytes,
    });
    if (problem !== undefined) throw new SnapshotError('SnapshotTooLarge', problem);
  }

  /** Restored once before anybody relies on it: a short image may have been written without a word. */
  async #tryOut(plan: SandboxPlan, held: Held, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const made = await this.#options.make(plan);
    let standby: Standby | undefined;
    try {
      const restored = await this.#restore(plan, made, held);
      if (typeof restored === 'string') {
        throw new SnapshotError('SnapshotFailed', `its image was taken and cannot be used: ${restored}`);
      }
      standby = restored;
      await this.#awaitQuiet(made.sandbox, standby, signal);
    } finally {
      this.#options.clear(made.sandbox);
      standby?.leave();
    }
  }

  /**
   * Brings a sandbox that was made and not started to where the image's agent waits. A reason: it is cold, and the sandbox is good
   * for nothing but to be cleared, except after `NoImage` and `ImageChanged`.
   */
  async restore(plan: SandboxPlan, made: MadeSandbox): Promise<Standby | FallbackReason> {
    const restored = await this.#restoreHeld(plan, made).catch((error: unknown): FallbackReason => {
      this.#options.onError(error);
      return 'RestoreFailed';
    });
    if (typeof restored === 'string') this.#options.onFallback(restored);
    return restored;
  }

  async #restoreHeld(plan: SandboxPlan, made: MadeSandbox): Promise<Standby | FallbackReason> {
    const key = this.#keyOf(plan);
    const held = this.#held.get(key);
    if (held === undefined) return 'NoImage';
    if (await held.image.isUntouched()) return this.#restore(plan, made, held);
    await this.#drop(key);
    return 'ImageChanged';
  }

  async #restore(plan: SandboxPlan, made: MadeSandbox, held: Held): Promise<Standby | FallbackReason> {
    const { image, told, hasHook } = held;
    const { sandbox } = made;
    let standby: Standby;
    try {
      const begin = () => sandbox.restore(image.path);
      standby = await Standby.start(this.#options.standby, made, plan, { begin, told });
    } catch (error) {
      this.#options.onError(error);
      return 'RestoreFailed';
    }
    const hooked = !hasHook || (await sandbox.execute([restoreHook], plan.user, hookTimeoutMs));
    if (hooked && standby.isFit) return standby;
    standby.leave();
    return hooked ? 'AgentLost' : 'HookFailed';
  }

  /** Removes every image. */
  async close(): Promise<void> {
    const removed = this.retain([]);
    this.#closed = true;
    await removed;
  }
}
