/**
 * The worker: opens its parts, takes config documents into force, dispatches, closes. Knows no environment
 * variables, no Kubernetes and no NATS; those come in as functions, so that a test runs the real thing without them.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { PoolConfig, WorkerStatus } from '../contract/index.ts';
import { monotonicMs } from '../process/index.ts';
import { Daemons } from './daemon/daemons.ts';
import { httpCall } from './dispatch/call.ts';
import { DispatchServer } from './dispatch/dispatch-server.ts';
import { Dispatcher } from './dispatch/dispatcher.ts';
import { PoolPolicy } from './pool-policy.ts';
import { FirstWarmth } from './sandbox/first-warmth.ts';
import { prepareCgroups, shareProcessors, workerCgroup } from './sandbox/cgroup.ts';
import { claim, clearLeftovers, clearOrphans, type WorkerPlace } from './sandbox/orphans.ts';
import { becomeSubreaper } from './system/libc.ts';
import type { WorkerOptions } from './worker-options.ts';
import { closeWorkerParts, openWorkerParts, type WorkerParts } from './worker-parts.ts';

const warmTickMs = 5_000;
/** Places that became free are seen then. */
const daemonTickMs = 1_000;

type ChangingStatus = Pick<
  WorkerStatus,
  | 'configDigest'
  | 'policyDigest'
  | 'draining'
  | 'inFlight'
  | 'capacity'
  | 'warm'
  | 'warmTroubles'
  | 'images'
  | 'daemons'
> & { readonly port: number };

export class Worker {
  readonly #options: WorkerOptions;
  readonly #place: WorkerPlace;
  readonly #policy = new PoolPolicy();
  #parts: WorkerParts | undefined;
  #dispatcher: Dispatcher | undefined;
  #daemons: Daemons | undefined;
  #server: DispatchServer | undefined;
  #opening: Promise<void> | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #daemonTicker: NodeJS.Timeout | undefined;
  readonly #firstWarmth = new FirstWarmth(monotonicMs);
  #draining = false;
  #handingOver: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#place = {
      routerNamespace: `clrk-${options.name}`,
      cgroup: workerCgroup(options.name),
      runDirectory: options.runDirectory,
    };
  }

  /** Makes the wall, the listeners and the first slots. Nothing runs before the first config. */
  async open(): Promise<void> {
    becomeSubreaper();
    await clearOrphans(this.#place);
    await claim(this.#place);
    prepareCgroups();
    this.#shareProcessors();
    const parts = await openWorkerParts(this.#options, this.#place, this.#policy, () =>
      this.#imagesChanged(),
    );
    this.#parts = parts;
    this.#dispatcher = this.#makeDispatcher(parts);
    this.#daemons = this.#makeDaemons(parts);
    await parts.slots.fill();
    this.#ticker = setInterval(() => {
      parts.warm.tick();
      if (this.#policy.config !== undefined) void parts.state.retain(this.#policy.config.agents);
    }, warmTickMs);
    this.#daemonTicker = setInterval(() => this.#daemons?.refresh(), daemonTickMs);
  }

  /** Without it sandboxes still have their own limits, so the worker goes on and says so. */
  #shareProcessors(): void {
    try {
      shareProcessors(this.#options.name);
    } catch (error) {
      this.#options.onError(error);
    }
  }

  #makeDispatcher(parts: WorkerParts): Dispatcher {
    const { tracer, logger, publish, onError, onChange, name } = this.#options;
    return new Dispatcher({
      policy: this.#policy,
      imageOf: (namespace, revision) => parts.images.ready(namespace, revision),
      canRecord: this.#options.canRecord ?? (() => true),
      daemons: () => this.#daemons?.running ?? 0,
      run: {
        factory: parts.factory,
        warm: parts.warm,
        restore: (plan, made) => parts.snapshots.restore(plan, made),
        occupancy: parts.occupancy,
        metadata: parts.metadata,
        tracer,
        logger,
        publish,
        standbyPolicy: (agent) => this.#policy.standbyPolicy(agent),
        openState: ({ agent, image }) => parts.state.open(agent, image.user),
        now: monotonicMs,
        worker: name,
        onError,
      },
      onChange,
      onError,
    });
  }

  #makeDaemons(parts: WorkerParts): Daemons | undefined {
    const { tracer, logger, publish, onError, onChange, name, leases } = this.#options;
    if (leases === undefined) return undefined;
    const { factory, occupancy, metadata, images } = parts;
    return new Daemons({
      policy: this.#policy,
      store: leases,
      run: {
        ...{ factory, occupancy, metadata, tracer, logger, publish, onError },
        ...{ now: monotonicMs, worker: name },
      },
      imageOf: (namespace, revision) => images.ready(namespace, revision),
      hasRoom: () =>
        this.running < this.#policy.capacity && (this.#options.canRecord?.(this.running + 1) ?? true),
      publish,
      onChange,
    });
  }

  /** Takes a config document into force: policy at once, images and warm sandboxes as they come. */
  async apply(config: PoolConfig): Promise<void> {
    const parts = this.#parts;
    if (parts === undefined) return;
    // What still runs obeys until its end.
    this.#policy.replace(config);
    parts.connector.revalidate();
    if (this.#closing !== undefined) return;
    parts.images.apply(config);
    this.#opening ??= this.#openServer(config);
    await this.#opening;
    this.#server?.rotate(config.dispatchTls);
    void parts.roots.sweep();
    void parts.state.retain(config.agents);
    this.#daemons?.refresh();
    this.#options.onChange();
  }

  async #openServer(config: PoolConfig): Promise<void> {
    const dispatcher = this.#dispatcher;
    this.#server = await DispatchServer.open({
      host: this.#options.host,
      port: this.#options.port,
      tls: config.dispatchTls,
      handle: (request, response) => dispatcher?.take(httpCall(request, response)),
      onError: this.#options.onError,
    });
  }

  #imagesChanged(): void {
    const parts = this.#parts;
    if (parts !== undefined) {
      const ready = parts.images.ready.bind(parts.images);
      const targets = this.#policy.warmTargets(ready);
      parts.snapshots.retain(targets.map(({ plan }) => plan)).catch(this.#options.onError);
      parts.warm.apply(targets);
    }
    this.#daemons?.refresh();
    this.#options.onChange();
  }

  /** The changing half of this worker's status record. */
  status(): ChangingStatus {
    const { warm, images } = this.#parts ?? {};
    const { policyDigest } = this.#policy;
    return {
      ...(policyDigest === undefined ? {} : { policyDigest }),
      configDigest: this.#server === undefined ? '' : this.#policy.digest,
      draining: this.#draining,
      capacity: this.#policy.capacity,
      warm: warm?.counts() ?? {},
      warmTroubles: warm?.troubles() ?? {},
      images: images?.states() ?? {},
      port: this.port,
      ...this.#work(),
    };
  }

  #work(): Pick<ChangingStatus, 'inFlight' | 'daemons'> {
    const inFlight = { ...this.#dispatcher?.inFlight(), ...this.#daemons?.inFlight() };
    return { inFlight, daemons: this.#daemons?.words() ?? {} };
  }

  /** Of the dispatch server; 0 while there is none. */
  get port(): number {
    return this.#server?.port ?? 0;
  }

  /** Why no other worker should leave for this one, or undefined. */
  notReady(): string | undefined {
    if (this.#draining) return 'draining';
    if (this.#server === undefined) return 'no config yet';
    const arriving = this.#parts?.images.arriving ?? 0;
    if (arriving > 0) return `images are being pulled: ${arriving}`;
    const cold = this.#firstWarmth.waitsFor(this.#parts?.warm.coming ?? 0);
    return cold === 0 ? undefined : `warm sandboxes are being made: ${cold}`;
  }

  get running(): number {
    return (this.#dispatcher?.running ?? 0) + (this.#daemons?.running ?? 0);
  }

  /** Everything that was cleared so far is gone (tests count leftovers after this). */
  async settled(): Promise<void> {
    await this.#parts?.factory.settled();
  }

  /**
   * Says that it goes, and takes what comes all the same for so long: whoever sends work learns of it a moment later. Daemons are
   * handed over meanwhile.
   */
  async leave(forMs: number): Promise<void> {
    this.#draining = true;
    this.#server?.leave();
    this.#options.onChange();
    clearInterval(this.#daemonTicker);
    this.#handOver().catch(this.#options.onError);
    await delay(forMs);
  }

  #handOver(): Promise<void> {
    return (this.#handingOver ??= this.#daemons?.handOver() ?? Promise.resolve());
  }

  /** Refuses new work, lets the running end for so long, then removes everything. Closing twice is safe. */
  close(drainMs: number): Promise<void> {
    this.#closing ??= this.#close(drainMs);
    return this.#closing;
  }

  async #close(drainMs: number): Promise<void> {
    this.#draining = true;
    this.#dispatcher?.refuseNew();
    this.#options.onChange();
    clearInterval(this.#ticker);
    clearInterval(this.#daemonTicker);
    const parts = this.#parts;
    if (parts === undefined) return;
    await Promise.all([
      parts.snapshots.close(),
      parts.warm.close(),
      this.#dispatcher?.drain(drainMs),
      this.#handOver(),
    ]);
    await this.#server?.close();
    await closeWorkerParts(parts);
    await clearLeftovers(this.#place);
  }
}
