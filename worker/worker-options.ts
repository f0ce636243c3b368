/** What a worker is given from outside: places, names, and functions to the rest of the platform. */
import type { DenyReason, Invocation } from '../contract/index.ts';
import type { ImageStore } from '../oci/index.ts';
import type { LeaseStore } from './daemon/daemon-keeper.ts';
import type { GatewayAddresses } from './egress/gateway-directory.ts';
import type { FallbackReason } from './snapshot/snapshots.ts';
import type { LossReason } from './standby/standby.ts';
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
  /** There is room for the events of so many calls; absent: always. */
  readonly canRecord?: (calls: number) => boolean;
  /** Absent: daemons are not run. */
  readonly leases?: LeaseStore;
  /** What the status says has changed. */
  readonly onChange: () => void;
  readonly onRefusal?: (reason: DenyReason) => void;
  /** A sandbox of a warm pool did not wait for its run. */
  readonly onWarmLost?: (reason: LossReason) => void;
  /** A run that should have been restored was cold. */
  readonly onSnapshotFallback?: (reason: FallbackReason) => void;
  readonly onError: (error: unknown) => void;
}
