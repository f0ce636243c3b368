/**
 * The worker, wired: network, images, sandboxes, dispatch. Knows no environment variables, no Kubernetes and no
 * NATS; those come in as functions, so that a test runs the real thing without them.
 */
import { mkdir } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import {
  agentId,
  type DenyReason,
  type Invocation,
  type PoolConfig,
  type PoolGateway,
  type WorkerStatus,
} from '../contract/index.ts';
import type { ImageStore } from '../oci/index.ts';
import { admit, type Admitted } from './dispatch/admission.ts';
import { DispatchError, sendError } from './dispatch/dispatch-error.ts';
import { DispatchServer } from './dispatch/dispatch-server.ts';
import { InvocationRun, type AdmittedImage } from './dispatch/invocation-run.ts';
import { DnsServer } from './dns/dns-server.ts';
import { Connector } from './egress/connector.ts';
import type { GatewayAddresses } from './egress/gateway-directory.ts';
import { Refusals } from './egress/refusal.ts';
import { Tenancy } from './egress/tenancy.ts';
import { ImageKeeper } from './image/image-keeper.ts';
import { MetadataServer } from './metadata/metadata-server.ts';
import { takeRefusedPackets } from './network/refused-packet.ts';
import { openRouterNamespace, type RouterNamespace } from './network/router-namespace.ts';
import { slotAddress, type SlotAddress } from './network/slot-address.ts';
import { SlotPool } from './network/slot-pool.ts';
import { deleteSlots, makeSlots, renewSlot } from './network/slot-set-up.ts';
import { prepareCgroups, workerCgroup } from './sandbox/cgroup.ts';
import { claim, clearLeftovers, clearOrphans } from './sandbox/orphans.ts';
import { RootLayers } from './sandbox/root-layer.ts';
import { Runsc } from './sandbox/runsc.ts';
import { SandboxFactory } from './sandbox/sandbox-factory.ts';
import { openState } from './sandbox/state-directory.ts';
import { WarmPool, type WarmTarget } from './sandbox/warm-pool.ts';
import { becomeSubreaper } from './system/libc.ts';
import type { LogEmitter, SpanStarter } from './telemetry/sink.ts';

export interface WorkerOptions {
  /** Unique on this machine; names the namespaces and cgroups. */
  readonly name: string;
  readonly host: string;
  /** 0: one of the kernel's choice. */
  readonly port: number;
  readonly runsc: string;
  readonly runDirectory: string;
  readonly stateDirectory: string;
  readonly images: ImageStore;
  readonly tracer: SpanStarter;
  readonly logger: LogEmitter;
  readonly addressesOf: GatewayAddresses;
  readonly publish: (invocation: Invocation) => void;
  /** What the status says has changed. */
  readonly onChange: () => void;
  readonly onRefusal?: (reason: DenyReason) => void;
  readonly onError: (error: unknown) => void;
}

/** A sandbox costs about 60 MB without its agent; the pool's own bound is the better one (0: this). */
const ownCapacity = 32;
/** Slots kept ready: a burst of this size never waits for `ip`. */
const readySlots = 8;
const warmTickMs = 5_000;

interface Parts {
  readonly router: RouterNamespace;
  readonly slots: SlotPool;
  readonly roots: RootLayers;
  readonly factory: SandboxFactory;
  readonly warm: WarmPool;
  readonly images: ImageKeeper;
  readonly tenancy: Tenancy;
  readonly refusals: Refusals;
  readonly connector: Connector;
  readonly dns: DnsServer;
  readonly metadata: MetadataServer;
}

const now = (): number => performance.timeOrigin + performance.now();

export class Worker {
  readonly #options: WorkerOptions;
  readonly #place: {
    readonly routerNamespace: string;
    readonly cgroup: string;
    readonly runDirectory: string;
  };
  readonly #running = new Map<InvocationRun, { readonly agentId: string; readonly done: Promise<void> }>();
  #parts: Parts | undefined;
  #config: PoolConfig | undefined;
  #gateways = new Map<string, readonly PoolGateway[]>();
  #server: DispatchServer | undefined;
  #opening: Promise<void> | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #draining = false;
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
    const { runDirectory, runsc, onError } = this.#options;
    becomeSubreaper();
    await clearOrphans(this.#place);
    await claim(this.#place);
    prepareCgroups();
    for (const name of ['runsc', 'bundles', 'roots']) {
      await mkdir(join(runDirectory, name), { recursive: true, mode: 0o700 });
    }
    const router = await openRouterNamespace(this.#place.routerNamespace);
    const slots = new SlotPool({
      address: (index) => slotAddress(router.name, index),
      make: (wanted) => makeSlots(router.name, wanted),
      renew: renewSlot,
      remove: deleteSlots,
      ready: readySlots,
      onError,
    });
    const roots = new RootLayers(join(runDirectory, 'roots'), onError);
    const factory = new SandboxFactory({
      runsc: new Runsc({ binary: runsc, root: join(runDirectory, 'runsc') }),
      roots,
      slots,
      bundleDirectory: join(runDirectory, 'bundles'),
      cgroup: this.#place.cgroup,
      beforeSlotReuse: (slot) => this.#recordRefusedPackets(slot),
      onError,
    });
    const network = await this.#openNetwork(router);
    const warm = new WarmPool({
      make: async (plan) => {
        await openState(this.#options.stateDirectory, plan.agent, plan.user);
        return factory.make(plan, () => undefined);
      },
      clear: (made) => factory.clear(made.sandbox),
      now: Date.now,
      onChange: this.#options.onChange,
      onError,
    });
    const images = new ImageKeeper({ store: this.#options.images, onChange: () => this.#imagesChanged() });
    this.#parts = { router, slots, roots, factory, warm, images, ...network };
    await slots.fill();
    this.#ticker = setInterval(() => warm.tick(), warmTickMs);
  }

  async #openNetwork(router: RouterNamespace) {
    const { tracer, logger, addressesOf, onError } = this.#options;
    const tenancy = new Tenancy(Date.now);
    const refusals = new Refusals({
      tracer,
      logger,
      onCount: (reason) => this.#options.onRefusal?.(reason),
    });
    const gatewaysOf = (id: string): readonly PoolGateway[] => this.#gateways.get(id) ?? [];
    const frameKey = () => {
      const config = this.#config;
      if (config === undefined) return undefined;
      return {
        pool: `${config.pool.namespace}/${config.pool.name}`,
        key: Buffer.from(config.frameKeyBase64, 'base64'),
      };
    };
    return {
      tenancy,
      refusals,
      connector: new Connector({
        fd: router.tcp.fd,
        tenancy,
        gatewaysOf,
        addressesOf,
        frameKey,
        refusals,
        now: Date.now,
        onError,
      }),
      dns: await DnsServer.open({ fd: router.dns.fd, tenancy, gatewaysOf, refusals, onError }),
      metadata: new MetadataServer({ fd: router.metadata.fd, tenancy, onError }),
    };
  }

  async #recordRefusedPackets(slot: SlotAddress): Promise<void> {
    const parts = this.#parts;
    const tenant = parts?.tenancy.takeDeparted(slot.index);
    if (parts === undefined || tenant === undefined) return;
    for (const packet of await takeRefusedPackets(parts.router.name, slot.hostInterface)) {
      const { reason, protocol, destination, port } = packet;
      parts.refusals.record(tenant, { reason, protocol, ip: destination, port, once: true });
    }
    parts.refusals.close(tenant);
  }

  /** Takes a config document into force: policy at once, images and warm sandboxes as they come. */
  async apply(config: PoolConfig): Promise<void> {
    const parts = this.#parts;
    if (parts === undefined || this.#draining) return;
    this.#config = config;
    const byId = new Map(config.gateways.map((gateway) => [gateway.id, gateway]));
    this.#gateways = new Map(
      config.agents.map((agent) => [
        agentId(agent),
        agent.gateways.flatMap((id) => {
          const gateway = byId.get(id);
          return gateway === undefined ? [] : [gateway];
        }),
      ]),
    );
    parts.images.apply(config);
    this.#opening ??= this.#openServer(config);
    await this.#opening;
    this.#server?.rotate(config.dispatchTls);
    void parts.roots.sweep();
    this.#options.onChange();
  }

  async #openServer(config: PoolConfig): Promise<void> {
    this.#server = await DispatchServer.open({
      host: this.#options.host,
      port: this.#options.port,
      tls: config.dispatchTls,
      handle: (request, response) => this.#dispatch(request, response),
      onError: this.#options.onError,
    });
  }

  #imagesChanged(): void {
    this.#parts?.warm.apply(this.#warmTargets());
    this.#options.onChange();
  }

  #warmTargets(): readonly WarmTarget[] {
    const config = this.#config;
    const { images } = this.#parts ?? {};
    if (config === undefined || images === undefined) return [];
    return config.agents.flatMap((agent): WarmTarget[] => {
      const revision = agent.revisions.find((each) => each.name === agent.servingRevision);
      const ready = revision === undefined ? undefined : images.ready(agent.namespace, revision);
      const gateways = this.#gateways.get(agentId(agent)) ?? [];
      const caPems = gateways.flatMap((gateway) => gateway.caPem ?? []);
      if (agent.kind !== 'TaskAgent' || revision === undefined || ready === undefined) return [];
      if (agent.warmPoolSize === 0 || caPems.length !== agent.gateways.length) return [];
      const statePath =
        agent.state === undefined
          ? {}
          : { statePath: join(this.#options.stateDirectory, agent.namespace, agent.name) };
      return [
        {
          revisionId: `${agent.namespace}/${revision.name}`,
          plan: { agent, revision, ...ready, caPems, ...statePath },
          // The original's code cap; the documented one is half of the worker's capacity.
          size: Math.min(agent.warmPoolSize, 16, Math.floor(this.#capacity() / 2)),
          idleTtlMs: agent.warmPoolIdleTtlMs,
        },
      ];
    });
  }

  #capacity(): number {
    const bound = this.#config?.maxExecutionsPerWorker ?? 0;
    return bound > 0 ? bound : ownCapacity;
  }

  #runningOf(id: string): number {
    return [...this.#running.values()].filter((each) => each.agentId === id).length;
  }

  #dispatch(request: IncomingMessage, response: ServerResponse): void {
    const parts = this.#parts;
    if (parts === undefined) {
      response.destroy();
      return;
    }
    let admitted: Admitted<AdmittedImage>;
    try {
      admitted = admit<AdmittedImage>(
        {
          config: this.#config,
          draining: this.#draining,
          capacity: this.#capacity(),
          running: this.#running.size,
          runningOf: (id) => this.#runningOf(id),
          imageOf: (namespace, revision) => parts.images.ready(namespace, revision),
        },
        request.headers,
      );
    } catch (error) {
      if (!(error instanceof DispatchError)) this.#options.onError(error);
      const refusal =
        error instanceof DispatchError
          ? error
          : new DispatchError('SANDBOX_FAILED', 'admission failed', 'See the worker log.');
      // The body is not read: the connection ends with the answer.
      response.once('finish', () => request.destroy());
      return sendError(response, refusal, { connection: 'close' });
    }
    const run = new InvocationRun(
      {
        ...parts,
        tracer: this.#options.tracer,
        logger: this.#options.logger,
        publish: this.#options.publish,
        openState: ({ agent, image }) => openState(this.#options.stateDirectory, agent, image.user),
        now,
        worker: this.#options.name,
        onError: this.#options.onError,
      },
      admitted,
      request,
      response,
    );
    const done = run.run().then(() => {
      this.#running.delete(run);
      this.#options.onChange();
    }, this.#options.onError);
    this.#running.set(run, { agentId: admitted.agentId, done });
    this.#options.onChange();
  }

  /** The changing half of this worker's status record. */
  status(): Pick<WorkerStatus, 'configDigest' | 'draining' | 'inFlight' | 'capacity' | 'warm' | 'images'> & {
    readonly port: number;
  } {
    const inFlight: Record<string, number> = {};
    for (const { agentId: id } of this.#running.values()) inFlight[id] = (inFlight[id] ?? 0) + 1;
    return {
      configDigest: this.#server === undefined ? '' : (this.#config?.digest ?? ''),
      draining: this.#draining,
      inFlight,
      capacity: this.#capacity(),
      warm: this.#parts?.warm.counts() ?? {},
      images: this.#parts?.images.states() ?? {},
      port: this.#server?.port ?? 0,
    };
  }

  /** Why it cannot take invocations, or undefined. */
  notReady(): string | undefined {
    if (this.#draining) return 'draining';
    return this.#server === undefined ? 'no config yet' : undefined;
  }

  get running(): number {
    return this.#running.size;
  }

  /** Everything that was cleared so far is gone (tests count leftovers after this). */
  async settled(): Promise<void> {
    await this.#parts?.factory.settled();
  }

  /** Refuses new work, lets the running end for so long, then removes everything. Closing twice is safe. */
  close(drainMs: number): Promise<void> {
    this.#closing ??= this.#close(drainMs);
    return this.#closing;
  }

  async #close(drainMs: number): Promise<void> {
    this.#draining = true;
    this.#options.onChange();
    clearInterval(this.#ticker);
    const parts = this.#parts;
    if (parts === undefined) return;
    const runs = [...this.#running];
    const timer = setTimeout(() => {
      for (const [run] of runs) run.stop('drain');
    }, drainMs);
    await Promise.all([parts.warm.close(), ...runs.map(([, { done }]) => done)]);
    clearTimeout(timer);
    await this.#server?.close();
    await parts.factory.close();
    parts.images.close();
    await Promise.all([
      parts.connector[Symbol.asyncDispose](),
      parts.dns[Symbol.asyncDispose](),
      parts.metadata[Symbol.asyncDispose](),
    ]);
    await parts.slots.close();
    await parts.roots.sweep();
    await clearLeftovers(this.#place);
  }
}
