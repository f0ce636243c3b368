/**
 * What every controller is given: the world to read, the API to write, and the edges (clock, randomness, NATS view).
 * A controller that needs anything else is doing too much.
 */
import type { Log } from '../process/index.ts';
import type { PlatformSettings } from './compile/index.ts';
import type { Asks } from './approval/asks.ts';
import type { DataPlaneStatus } from './data-plane-status.ts';
import type { ClaimsSink } from './nats-claims.ts';
import type { ProgrammedConfigs } from './programmed-config.ts';
import type {
  Applier,
  EventRecorder,
  KubeApi,
  ObjectChange,
  ReconcileResult,
  Resource,
  World,
} from './runtime/index.ts';

export interface Context {
  readonly world: World;
  readonly api: KubeApi;
  readonly log: Log;
  readonly now: () => number;
  readonly randomBytes: (size: number) => Buffer;
  readonly settings: () => PlatformSettings;
  readonly dataPlanes: DataPlaneStatus;
  readonly programmed: ProgrammedConfigs;
  readonly claims: ClaimsSink;
  readonly asks: Asks;
  /** Field manager `clrk-operator-<controller>`. */
  readonly applier: Applier;
  readonly events: EventRecorder;
}

/** One controller as its folder exports it; `controllers.ts` turns it into a queue with workers. */
export interface ControllerSpec {
  readonly name: string;
  readonly concurrency: number;
  readonly reconcile: (context: Context, key: string) => Promise<ReconcileResult>;
  readonly watches: ReadonlyArray<{
    readonly resource: Resource;
    readonly keysOf: (world: World, change: ObjectChange) => readonly string[];
    readonly delayMs?: number;
  }>;
  /** Kinds it only reads. */
  readonly reads?: readonly Resource[];
}
