/**
 * Keeps the images of every revision in the config on this worker, pulled ahead of need, and says how each is.
 * Retries with back-off while a revision is wanted; a revision that leaves the config gives its image back.
 */
import {
  ClrkError,
  errorMessage,
  type PoolAgent,
  type PoolConfig,
  type PoolRevision,
  type WorkerStatus,
} from '../../contract/index.ts';
import {
  registryAccess,
  resolveUser,
  RetryLaterError,
  type ImageConfig,
  type ImageLease,
  type ImageStore,
  type PullOptions,
} from '../../oci/index.ts';
import type { SandboxUser } from '../sandbox/oci-spec.ts';

export interface ReadyImage {
  readonly digest: string;
  readonly rootfsPath: string;
  readonly config: ImageConfig;
}

export interface KeptImage {
  readonly image: ReadyImage;
  readonly user: SandboxUser;
  /** Keeps it on the disk although its revision leaves the config: for who has been admitted and has no root yet. */
  readonly hold: () => Disposable;
}

type ImageState = WorkerStatus['images'][string];

interface Wanted {
  readonly reference: string;
  readonly tenant: string;
  readonly pin: string;
  /** What it is pulled with next; another object when it changed. */
  access: PullOptions;
  readonly abort: AbortController;
  state: ImageState;
  lease: ImageLease | undefined;
  user: SandboxUser | undefined;
}

export interface ImageKeeperOptions {
  readonly store: ImageStore;
  readonly onChange: () => void;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** First and longest pause between attempts, as the kubelet's image back-off. Default 2 s and 5 min. */
  readonly backoffMs?: { readonly first: number; readonly longest: number };
}

/** A Deployment's rollout is told to have failed after ten minutes without progress. */
const longestArrivalMs = 120_000;

/** Reasons as Kubernetes users know them, from our codes. */
function reasonOf(error: unknown): string {
  if (!(error instanceof ClrkError)) return 'ImagePullFailed';
  if (error.code === 'IMAGE_NOT_FOUND') return 'ImageNotFound';
  if (error.code === 'IMAGE_UNAUTHORIZED') return 'ImageUnauthorized';
  if (error.code.startsWith('REGISTRY_')) return 'ImagePullBackOff';
  return 'ImageInvalid';
}

/**
 * Whose first digest is kept: the agent's uid tells it from a deleted namesake, which had a revision of the same name.
 */
const pinOf = (agent: PoolAgent, revision: PoolRevision): string =>
  `${agent.namespace}/${agent.uid}/${revision.name}`;

const revisionId = (namespace: string, revision: PoolRevision): string => `${namespace}/${revision.name}`;

function hasOtherAccess(known: Wanted, wanted: Wanted): boolean {
  return JSON.stringify(known.access) !== JSON.stringify(wanted.access);
}

/** A change of login counts while the pull fails: what waits would wait for the old one's back-off. */
function isAnother(known: Wanted, wanted: Wanted): boolean {
  if (known.reference !== wanted.reference || known.pin !== wanted.pin) return true;
  return known.state.state === 'Failed' && hasOtherAccess(known, wanted);
}

/** Under way: it may still succeed with the old one, and goes on with the new one if not. */
function renewAccess(known: Wanted, wanted: Wanted): void {
  if (hasOtherAccess(known, wanted)) known.access = wanted.access;
}

export class ImageKeeper {
  readonly #options: ImageKeeperOptions;
  readonly #wanted = new Map<string, Wanted>();
  #registries: PoolConfig['registries'] = [];
  /** What the first config names: the images this worker is to have before another one leaves for it. */
  #firsts: { readonly wanted: readonly Wanted[]; readonly at: number } | undefined;

  constructor(options: ImageKeeperOptions) {
    this.#options = options;
  }

  #now(): number {
    return this.#options.now();
  }

  /** Starts what is new, drops what is gone. */
  apply(config: PoolConfig): void {
    this.#registries = config.registries;
    const named = new Set<string>();
    for (const agent of config.agents) {
      for (const revision of agent.revisions) {
        const id = revisionId(agent.namespace, revision);
        named.add(id);
        const wanted = this.#wantedOf(agent, revision);
        const known = this.#wanted.get(id);
        if (known !== undefined && !isAnother(known, wanted)) {
          renewAccess(known, wanted);
          continue;
        }
        if (known !== undefined) this.#drop(id, known);
        this.#wanted.set(id, wanted);
        void this.#pullUntilDone(wanted);
      }
    }
    for (const [id, wanted] of this.#wanted) if (!named.has(id)) this.#drop(id, wanted);
    this.#firsts ??= { wanted: [...this.#wanted.values()], at: this.#now() };
    this.#options.onChange();
  }

  #wantedOf(agent: PoolAgent, revision: PoolRevision): Wanted {
    return {
      reference: revision.image,
      tenant: agent.namespace,
      pin: pinOf(agent, revision),
      access: this.#accessOf(revision.image),
      abort: new AbortController(),
      state: { state: 'Pulling' },
      lease: undefined,
      user: undefined,
    };
  }

  #accessOf(reference: string): PullOptions {
    try {
      return registryAccess(reference, this.#registries);
    } catch {
      // Pulling says what is wrong with the name.
      return {};
    }
  }

  async #pullUntilDone(wanted: Wanted): Promise<void> {
    const { first, longest } = this.#options.backoffMs ?? { first: 2000, longest: 300_000 };
    const { signal } = wanted.abort;
    const { reference, tenant, pin } = wanted;
    for (let pause = first; !signal.aborted; pause = Math.min(pause * 2, longest)) {
      const { access } = wanted;
      let askedMs = 0;
      try {
        const image = await this.#options.store.pull(reference, { ...access, tenant, pin, signal });
        const lease = this.#options.store.acquire(image.digest);
        if (signal.aborted) return lease.release();
        wanted.lease = lease;
        wanted.user = await resolveUser(image.rootfsPath, image.config.user);
        wanted.state = { state: 'Pulled', digest: image.digest };
        this.#options.onChange();
        return;
      } catch (error) {
        if (error instanceof RetryLaterError) askedMs = error.retryAfterMs;
        wanted.lease?.release();
        wanted.lease = undefined;
        wanted.state = {
          state: 'Failed',
          reason: reasonOf(error),
          message: errorMessage(error).slice(0, 500),
        };
      }
      if (signal.aborted) return;
      this.#options.onChange();
      if (wanted.access === access) await this.#pause(Math.max(pause, askedMs), signal);
    }
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
      signal.addEventListener('abort', done);
    });
  }

  #drop(id: string, wanted: Wanted): void {
    this.#wanted.delete(id);
    wanted.abort.abort();
    wanted.lease?.release();
  }

  /** The image and its user when it is here. */
  ready(namespace: string, revision: PoolRevision): KeptImage | undefined {
    const wanted = this.#wanted.get(revisionId(namespace, revision));
    if (wanted?.state.state !== 'Pulled' || wanted.lease === undefined || wanted.user === undefined)
      return undefined;
    const { image } = wanted.lease;
    return { image, user: wanted.user, hold: () => this.#options.store.acquire(image.digest) };
  }

  /**
   * How many of the first config's images have neither come nor failed. After two minutes none: one image that takes longer must not
   * keep a pool from a new version.
   */
  get arriving(): number {
    if (this.#firsts === undefined || this.#now() - this.#firsts.at >= longestArrivalMs) return 0;
    return this.#firsts.wanted.filter(
      ({ state, abort }) => state.state === 'Pulling' && !abort.signal.aborted,
    ).length;
  }

  states(): Record<string, ImageState> {
    return Object.fromEntries([...this.#wanted].map(([id, wanted]) => [id, wanted.state]));
  }

  close(): void {
    for (const [id, wanted] of this.#wanted) this.#drop(id, wanted);
  }
}
