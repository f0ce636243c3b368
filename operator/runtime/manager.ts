/**
 * Puts the runtime together: reflectors fill the world, changes become keys, controllers work while we lead, and an
 * orderly end drains them. It must never let a follower write.
 */
import { randomInt } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { untilAborted, type Log } from '../../process/index.ts';
import type { KubeApi } from './api-client.ts';
import type { Cache, ObjectChange } from './cache.ts';
import type { Controller } from './controller.ts';
import type { LeaderTimes } from './leader-election.ts';
import { LeaderElector } from './leader-elector.ts';
import type { Metrics } from './metrics.ts';
import { OnDemand } from './on-demand.ts';
import { Reflector } from './reflector.ts';
import { resourceName, type Resource } from './resource.ts';
import type { Sieve } from './sieve.ts';
import { CachedWorld } from './world.ts';
import { WriteFence } from './write-fence.ts';

/** Which keys of a controller a change concerns. */
export interface WatchRule {
  readonly controller: Controller;
  readonly resource: Resource;
  readonly keysOf: (change: ObjectChange) => readonly string[];
  /** Waits so that a burst of changes becomes one reconcile. */
  readonly delayMs?: number;
}

export interface ManagerOptions {
  readonly api: KubeApi;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly namespace: string;
  readonly identity: string;
  /** Only goes forward. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Sets aside what is not as its kind says. */
  readonly sieve: Sieve;
  /** Default: controller-runtime's 15, 10 and 2 s. */
  readonly times?: LeaderTimes;
}

export const leaseName = 'clrk-operator';
// controller-runtime's GracefulShutdownTimeout.
const drainMs = 30_000;
// controller-runtime resyncs every 10 h; ours is cheap (no write when nothing changed) and heals missed events sooner.
const resyncMs = 10 * 60_000;

export class Manager {
  readonly world = new CachedWorld();
  /** The API for whoever writes: it lets nothing through unless we lead. */
  readonly writer: KubeApi;
  readonly #fence: WriteFence;
  readonly #options: ManagerOptions;
  readonly #stop = new AbortController();
  readonly #reflectors = new Map<string, Reflector>();
  readonly #controllers = new Set<Controller>();
  readonly #resyncs: Array<() => void> = [];
  #leading = false;

  constructor(options: ManagerOptions) {
    this.#options = options;
    this.#fence = new WriteFence(options.api);
    this.writer = this.#fence;
    // One listener a watch, and there are as many watches as kinds.
    setMaxListeners(0, this.#stop.signal);
  }

  /** Watches a kind without reacting to it. */
  watch(resource: Resource): void {
    const name = resourceName(resource);
    if (this.#reflectors.has(name)) return;
    const { api, log } = this.#options;
    const cache = this.#sinkOf(resource);
    this.#reflectors.set(
      name,
      new Reflector({
        api,
        resource,
        cache,
        log,
        signal: this.#stop.signal,
        randomBelow: (limit) => randomInt(limit),
      }),
    );
  }

  /** Where a watch of this kind puts what it brings. */
  #sinkOf(resource: Resource): Pick<Cache, 'change'> {
    const cache = this.world.cache(resource);
    const { api, log, sieve } = this.#options;
    if (resource.onDemand !== true) return sieve.before(resource, cache);
    const source = new OnDemand({ api, resource, cache, log, signal: this.#stop.signal });
    this.world.readOnDemand(resource, source);
    return source;
  }

  on(rule: WatchRule): void {
    this.watch(rule.resource);
    this.addController(rule.controller);
    const { controller, keysOf, delayMs = 0 } = rule;
    const tell = (change: ObjectChange): void => {
      for (const key of new Set(keysOf(change))) controller.enqueue(key, delayMs);
    };
    const cache = this.world.cache(rule.resource);
    cache.onChange(tell);
    this.#resyncs.push(() => cache.list().forEach((object) => tell({ before: object, after: object })));
  }

  addController(controller: Controller): void {
    this.#controllers.add(controller);
  }

  /** Enqueues every key again, as a resync does. */
  resync(): void {
    for (const each of this.#resyncs) each();
  }

  /** Why not ready, or undefined. A follower with full caches is ready. */
  notReady(): string | undefined {
    const missing = [...this.#reflectors.values()].filter((reflector) => !reflector.isSynced);
    if (missing.length === 0) return undefined;
    return `caches not synced: ${missing.map((reflector) => resourceName(reflector.resource)).join(', ')}`;
  }

  /** Its caches are full, and nobody else writes. */
  get isLeading(): boolean {
    return this.#leading;
  }

  observeAges(): void {
    for (const controller of this.#controllers) controller.observeAges();
  }

  /** Runs until the signal aborts or leadership is lost; true when it was lost. */
  async run(): Promise<boolean> {
    const { log, metrics, signal } = this.#options;
    const reflectors = [...this.#reflectors.values()];
    const watching = reflectors.map((reflector) => reflector.run());
    let lost = false;
    try {
      await untilFirst(Promise.all(reflectors.map((reflector) => reflector.synced)), signal);
      log.info({ kinds: reflectors.length }, 'caches synced');
      metrics.leader.set({ name: leaseName }, 0);
      lost = await this.#elect();
    } finally {
      this.#stop.abort();
      await Promise.all(watching);
    }
    return lost;
  }

  /** The lease is held until the last reconcile has ended, so that no other replica writes beside us. */
  async #elect(): Promise<boolean> {
    const { signal } = this.#options;
    const lease = new AbortController();
    let leading = false;
    const onAbort = (): void => {
      if (!leading) lease.abort();
    };
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) lease.abort();
    const elector = new LeaderElector({ ...this.#options, name: leaseName, signal: lease.signal });
    leading = await elector.acquire();
    const lost = leading ? await this.#lead(elector, lease) : false;
    signal.removeEventListener('abort', onAbort);
    return lost;
  }

  async #lead(elector: LeaderElector, lease: AbortController): Promise<boolean> {
    const { log, metrics, signal } = this.#options;
    metrics.leader.set({ name: leaseName }, 1);
    log.info({ identity: this.#options.identity }, 'leading');
    this.#fence.open(elector.lost);
    for (const controller of this.#controllers) controller.start();
    const resync = setInterval(() => this.resync(), resyncMs);
    const drained = untilFirst(new Promise(() => undefined), signal).then(async () => {
      await this.#drain(drainMs);
      lease.abort();
    });
    this.#leading = true;
    const lost = await elector.hold();
    this.#leading = false;
    clearInterval(resync);
    metrics.leader.set({ name: leaseName }, 0);
    log.info({ lost }, 'no longer leading');
    // After a loss another replica writes: stop taking keys and end at once rather than drain.
    if (lost) await this.#drain(0);
    else await drained;
    await elector.release();
    return lost;
  }

  async #drain(timeoutMs: number): Promise<void> {
    await Promise.all([...this.#controllers].map((controller) => controller.drain(timeoutMs)));
  }
}

async function untilFirst(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await Promise.race([work, untilAborted(signal)]);
}
