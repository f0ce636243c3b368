/**
 * Makes sandboxes from everything they need (slot, root, limits, spec) and takes all of it back. Apart so that
 * invocations and warm pools share one way of making and one way of clearing away. Clearing happens behind the
 * caller's back, bounded, and is waited for only when the worker stops.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ClrkError, type PoolAgent, type PoolRevision } from '../../contract/index.ts';
import type { KeptImage } from '../image/image-keeper.ts';
import { namespacePath } from '../network/router-namespace.ts';
import type { SlotAddress } from '../network/slot-address.ts';
import type { SlotPool } from '../network/slot-pool.ts';
import { endProcessesIn, ranOutOfMemory, removeCgroup, requireLimits, usageIn } from './cgroup.ts';
import { grantedMillis } from './cpu-share.ts';
import { homeOf, mountsHome, planHome } from './home-directory.ts';
import { injectedFiles } from './injected-file.ts';
import { renderSpec, requiredDirectories } from './oci-spec.ts';
import type { RootLayers, RootLease, RootPlan } from './root-layer.ts';
import type { Runsc } from './runsc.ts';
import { Sandbox } from './sandbox.ts';

export interface SandboxPlan extends KeptImage {
  readonly agent: PoolAgent;
  readonly revision: PoolRevision;
  readonly caPems: readonly string[];
  /** Digest of what the agent may reach: of a plan whose agent is started before its run. */
  readonly policy?: string;
  readonly statePath?: string;
}

export interface SandboxFactoryOptions {
  readonly runsc: Runsc;
  readonly roots: RootLayers;
  readonly slots: SlotPool;
  readonly bundleDirectory: string;
  readonly cgroup: string;
  /** Called between the sandbox's death and the reuse of its slot. */
  readonly beforeSlotReuse: (slot: SlotAddress) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

export interface MadeSandbox {
  readonly sandbox: Sandbox;
  readonly slot: SlotAddress;
}

interface SandboxSite {
  readonly rootPath: string;
  readonly slot: SlotAddress;
  readonly signal: AbortSignal | undefined;
}

interface Lent {
  readonly slot: SlotAddress;
  root: RootLease | undefined;
}

const cpuMillisOf = ({ agent }: SandboxPlan): number =>
  grantedMillis(agent.resources.cpuMillis, availableParallelism());

function computeRoot(plan: SandboxPlan): RootPlan {
  const state = plan.agent.state;
  const home = homeOf(plan.image.config, plan.user);
  return {
    imageDigest: plan.image.digest,
    rootfsPath: plan.image.rootfsPath,
    files: injectedFiles(plan.caPems, plan.image.config.env),
    directories: [
      ...requiredDirectories,
      ...(mountsHome(home) ? [home] : []),
      ...(state === undefined ? [] : [state.mountPath]),
    ],
  };
}

export class SandboxFactory {
  readonly #options: SandboxFactoryOptions;
  readonly #lent = new Map<Sandbox, Lent>();
  readonly #clearing = new Set<Promise<void>>();

  constructor(options: SandboxFactoryOptions) {
    this.#options = options;
  }

  /** `phase` is told as each step is done. Failed or aborted it throws at once, and nothing is left behind. */
  make(
    plan: SandboxPlan,
    phase: (name: 'slot' | 'rootfs' | 'create') => void,
    signal?: AbortSignal,
  ): Promise<MadeSandbox> {
    const made = this.#make(plan, phase, signal);
    // Who asked may have gone before it is made; whoever closes waits for it all the same.
    this.#track(
      made.then(
        () => undefined,
        () => undefined,
      ),
    );
    return made;
  }

  async #make(
    plan: SandboxPlan,
    phase: (name: 'slot' | 'rootfs' | 'create') => void,
    signal?: AbortSignal,
  ): Promise<MadeSandbox> {
    // Once its root is mounted the store sees that it is in use.
    using _held = plan.hold();
    const slot = await this.#options.slots.acquire();
    phase('slot');
    const lent: Lent = { slot, root: undefined };
    const id = `s${randomBytes(6).toString('hex')}`;
    let sandbox: Sandbox | undefined;
    try {
      lent.root = await this.#options.roots.acquire(computeRoot(plan));
      phase('rootfs');
      signal?.throwIfAborted();
      sandbox = await this.#create(id, plan, { rootPath: lent.root.rootPath, slot, signal });
      this.#lent.set(sandbox, lent);
      requireLimits(`${this.#options.cgroup}/${id}`, {
        memoryBytes: plan.agent.resources.memoryBytes,
        cpuMillis: cpuMillisOf(plan),
      });
      phase('create');
      return { sandbox, slot };
    } catch (error) {
      if (sandbox === undefined) this.#track(this.#abandon(id, lent));
      else this.clear(sandbox);
      throw error;
    }
  }

  /** Clears what an interrupted or failed making has left. A slot with a process in it stays lent for good. */
  async #abandon(id: string, lent: Lent): Promise<void> {
    const { cgroup, runsc } = this.#options;
    if (!(await endProcessesIn(`${cgroup}/${id}`))) {
      throw new ClrkError(
        'SANDBOX_CREATE_FAILED',
        `processes of sandbox ${id} do not end; its slot is given up`,
      );
    }
    await runsc.forgetSandbox(id);
    await rm(this.#bundle(id), { recursive: true, force: true });
    removeCgroup(`${cgroup}/${id}`);
    lent.root?.release();
    await this.#giveBack(lent.slot);
  }

  #bundle(id: string): string {
    return join(this.#options.bundleDirectory, id);
  }

  /** The kernel has ended this sandbox because it used up its memory. To be asked before it is cleared. */
  ranOutOfMemory(sandbox: Sandbox): boolean {
    return ranOutOfMemory(`${this.#options.cgroup}/${sandbox.id}`);
  }

  /** Throws when it is no more. */
  usageOf(sandbox: Sandbox): ReturnType<typeof usageIn> {
    return usageIn(`${this.#options.cgroup}/${sandbox.id}`);
  }

  async #create(id: string, plan: SandboxPlan, { rootPath, slot, signal }: SandboxSite): Promise<Sandbox> {
    const bundle = this.#bundle(id);
    await mkdir(bundle, { recursive: true, mode: 0o700 });
    const spec = renderSpec({
      agent: plan.agent,
      revision: plan.revision,
      image: plan.image.config,
      user: plan.user,
      rootPath,
      home: await planHome(rootPath, homeOf(plan.image.config, plan.user)),
      networkNamespacePath: namespacePath(slot.namespace),
      cgroupPath: `${this.#options.cgroup}/${id}`,
      cpuMillis: cpuMillisOf(plan),
      trustsGateways: plan.caPems.length > 0,
      ...(plan.statePath === undefined ? {} : { statePath: plan.statePath }),
    });
    await writeFile(join(bundle, 'config.json'), JSON.stringify(spec), { mode: 0o600 });
    return Sandbox.create({ id, bundle, runsc: this.#options.runsc }, signal);
  }

  /** Ends the sandbox and gives back what it had. Returns at once. */
  clear(sandbox: Sandbox): void {
    sandbox.kill();
    this.#track(this.#clear(sandbox));
  }

  async #clear(sandbox: Sandbox): Promise<void> {
    const lent = this.#lent.get(sandbox);
    this.#lent.delete(sandbox);
    await sandbox.dispose().catch(this.#options.onError);
    removeCgroup(`${this.#options.cgroup}/${sandbox.id}`);
    if (lent === undefined) return;
    lent.root?.release();
    await this.#giveBack(lent.slot);
  }

  /** A slot that was not wiped clean serves nobody else. */
  async #giveBack(slot: SlotAddress): Promise<void> {
    try {
      await this.#options.beforeSlotReuse(slot);
    } catch (error) {
      this.#options.onError(error);
      return this.#options.slots.discard(slot);
    }
    await this.#options.slots.release(slot);
  }

  #track(work: Promise<void>): void {
    const tracked = work.catch(this.#options.onError).finally(() => this.#clearing.delete(tracked));
    this.#clearing.add(tracked);
  }

  /** Resolves when everything cleared so far is gone. */
  async settled(): Promise<void> {
    while (this.#clearing.size > 0) await Promise.all(this.#clearing);
  }

  /** Ends every sandbox there is. */
  async close(): Promise<void> {
    for (const sandbox of this.#lent.keys()) this.clear(sandbox);
    await this.settled();
  }
}
