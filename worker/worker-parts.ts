/**
 * Everything a worker runs sandboxes with, wired: the walled network and its listeners, slots, roots, images, warm
 * pool. Apart from the worker so that wiring and life cycle can each be read alone. Nothing here runs an agent.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { monotonicMs } from '../process/index.ts';
import { DnsServer } from './dns/dns-server.ts';
import { Connector } from './egress/connector.ts';
import { Refusals } from './egress/refusal.ts';
import { Occupancy } from './egress/occupancy.ts';
import { ImageKeeper } from './image/image-keeper.ts';
import { MetadataServer } from './metadata/metadata-server.ts';
import { takeRefusedTraffic } from './network/refused-packet.ts';
import { openRouterNamespace, type RouterNamespace } from './network/router-namespace.ts';
import { slotAddress, type SlotAddress } from './network/slot-address.ts';
import { SlotPool } from './network/slot-pool.ts';
import { deleteSlots, makeSlots, renewSlot } from './network/slot-set-up.ts';
import type { PoolPolicy } from './pool-policy.ts';
import type { WorkerPlace } from './sandbox/orphans.ts';
import { RootLayers } from './sandbox/root-layer.ts';
import { Runsc } from './sandbox/runsc.ts';
import { SandboxFactory } from './sandbox/sandbox-factory.ts';
import { StateVolumes } from './sandbox/state-volumes.ts';
import { WarmPool } from './sandbox/warm-pool.ts';
import { machineOf } from './snapshot/machine.ts';
import { Snapshots } from './snapshot/snapshots.ts';
import { Standby } from './standby/standby.ts';
import type { WorkerOptions } from './worker-options.ts';

/** Slots kept ready: a burst of this size never waits for `ip`. */
const readySlots = 8;

interface NetworkParts {
  readonly occupancy: Occupancy;
  readonly refusals: Refusals;
  readonly connector: Connector;
  readonly dns: DnsServer;
  readonly metadata: MetadataServer;
}

export interface WorkerParts extends NetworkParts {
  readonly slots: SlotPool;
  readonly roots: RootLayers;
  readonly state: StateVolumes;
  readonly factory: SandboxFactory;
  readonly warm: WarmPool;
  readonly snapshots: Snapshots;
  readonly images: ImageKeeper;
}

async function openNetwork(
  router: RouterNamespace,
  options: WorkerOptions,
  policy: PoolPolicy,
): Promise<NetworkParts> {
  const { tracer, logger, addressesOf, onError } = options;
  const occupancy = new Occupancy(monotonicMs);
  const refusals = new Refusals({ tracer, logger, onCount: (reason) => options.onRefusal?.(reason) });
  const gatewaysOf = (id: string) => policy.gatewaysOf(id);
  return {
    occupancy,
    refusals,
    connector: new Connector({
      fd: router.tcp.fd,
      occupancy,
      gatewaysOf,
      addressesOf,
      frameKey: () => policy.frameKey(),
      refusals,
      now: Date.now,
      onError,
    }),
    dns: await DnsServer.open({ fd: router.dns.fd, occupancy, gatewaysOf, refusals, onError }),
    metadata: new MetadataServer({ fd: router.metadata.fd, occupancy, onError }),
  };
}

/** What the wall refused a sandbox, read back before its slot is another one's. Throws when the slot is not clean. */
async function recordRefusedPackets(router: string, network: NetworkParts, slot: SlotAddress): Promise<void> {
  const occupant = network.occupancy.takeDeparted(slot.index);
  const { packets, unlisted } = await takeRefusedTraffic(router, slot.index);
  if (occupant === undefined) return;
  const run = occupant.lastRun;
  for (const packet of packets) {
    const { reason, protocol, destination, port } = packet;
    network.refusals.record(occupant, { reason, protocol, ip: destination, port, once: true }, run);
  }
  network.refusals.close(occupant, run, unlisted);
}

/** Makes the wall first, then its listeners; slots are still to be filled. */
export async function openWorkerParts(
  options: WorkerOptions,
  place: WorkerPlace,
  policy: PoolPolicy,
  onImages: () => void,
): Promise<WorkerParts> {
  const { runDirectory, runsc, logger, onError } = options;
  for (const name of ['runsc', 'bundles', 'roots', 'snapshots']) {
    await mkdir(join(runDirectory, name), { recursive: true, mode: 0o700 });
  }
  const router = await openRouterNamespace(place.routerNamespace);
  const network = await openNetwork(router, options, policy);
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
    cgroup: place.cgroup,
    beforeSlotReuse: (slot) => recordRefusedPackets(router.name, network, slot),
    onError,
  });
  const state = new StateVolumes({
    directory: options.stateDirectory,
    mountDirectory: join(runDirectory, 'state'),
    now: monotonicMs,
    onError,
  });
  const { occupancy, metadata, refusals } = network;
  const standby = { occupancy, metadata, refusals, logger, now: monotonicMs };
  const snapshots = new Snapshots({
    directory: join(runDirectory, 'snapshots'),
    standby,
    make: (plan) => factory.make(plan, () => undefined),
    clear: (sandbox) => factory.clear(sandbox),
    usageOf: (sandbox) => factory.usageOf(sandbox),
    machine: () => machineOf(runsc),
    onFallback: (reason) => options.onSnapshotFallback?.(reason),
    onError,
  });
  const warm = new WarmPool({
    make: async (plan) => {
      const mode = plan.agent.standby?.mode;
      if (mode === 'Snapshot') await snapshots.ready(plan);
      const statePath = await state.open(plan.agent, plan.user);
      const made = await factory.make(
        { ...plan, ...(statePath === undefined ? {} : { statePath }) },
        () => undefined,
      );
      if (mode === undefined || mode === 'Snapshot') return made;
      try {
        return { ...made, standby: await Standby.start(standby, made, plan) };
      } catch (error) {
        factory.clear(made.sandbox);
        throw error;
      }
    },
    clear: (cleared) => {
      factory.clear(cleared.sandbox);
      cleared.standby?.leave();
    },
    now: monotonicMs,
    onChange: options.onChange,
    onLost: (reason) => options.onWarmLost?.(reason),
    onError,
  });
  const images = new ImageKeeper({ store: options.images, onChange: onImages, now: monotonicMs });
  return { slots, roots, state, factory, warm, snapshots, images, ...network };
}

/** After the last run has ended. The namespaces and cgroups are the caller's to delete. */
export async function closeWorkerParts(parts: WorkerParts): Promise<void> {
  await parts.factory.close();
  parts.images.close();
  await Promise.all([
    parts.connector[Symbol.asyncDispose](),
    parts.dns[Symbol.asyncDispose](),
    parts.metadata[Symbol.asyncDispose](),
  ]);
  await parts.slots.close();
  await parts.roots.sweep();
  await parts.state.close();
}
