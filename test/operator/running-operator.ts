/** The operator under test, with data planes whose words the test writes. */
import pino from 'pino';
import {
  eventBounds,
  type GatewayStatus,
  type IngressStatus,
  type ScheduleMark,
  type WorkerStatus,
} from '../../contract/index.ts';
import type { PlatformSettings } from '../../operator/compile/index.ts';
import { PlatformKeys } from '../../pki/index.ts';
import type { ClaimsSink } from '../../operator/nats-claims.ts';
import type { WantedTrigger } from '../../process/index.ts';
import type { RecordRoom } from '../../operator/record-room.ts';
import { Operator } from '../../operator/operator.ts';
import { Metrics, leaderTimes, type KubeApi, type LeaderTimes } from '../../operator/runtime/index.ts';

export const testSettings: PlatformSettings = {
  natsUrl: 'tls://198.51.100.129:4222',
  keys: new PlatformKeys(Buffer.alloc(32, 7)),
  otlpEndpoint: undefined,
  platformCidrs: ['198.51.100.0/24'],
  insecureRegistries: ['localhost:5100'],
  platformImage: 'clrk.apoxy.dev/clrk:0.1.0',
  systemNamespace: 'clrk-system',
};

export class FakeDataPlanes {
  workerWords: WorkerStatus[] = [];
  gatewayWords: GatewayStatus[] = [];
  ingressWords: IngressStatus[] = [];
  room: RecordRoom | undefined;
  recordRoom = (): RecordRoom | undefined => this.room;
  workers = (): readonly WorkerStatus[] => this.workerWords;
  gateways = (): readonly GatewayStatus[] => this.gatewayWords;
  ingresses = (): readonly IngressStatus[] => this.ingressWords;
  /** By uid. */
  readonly marks = new Map<string, ScheduleMark>();
  scheduleMark = ({ uid }: { readonly uid: string }): Promise<ScheduleMark | undefined> =>
    Promise.resolve(this.marks.get(uid));
  /** UIDs of daemons that were said to be nobody's. */
  readonly seeded: string[] = [];
  /** By namespace. */
  readonly triggers = new Map<string, readonly WantedTrigger[]>();
  keepTriggers = (namespace: string, wanted: readonly WantedTrigger[]): Promise<undefined> =>
    Promise.resolve(void this.triggers.set(namespace, wanted));
  isHeard = (
    { namespace, uid }: { readonly namespace: string; readonly uid: string },
    subject: string,
  ): boolean =>
    (this.triggers.get(namespace) ?? []).some((each) => each.uid === uid && each.subject === subject);
  hearsNoMore = (namespace: string): boolean =>
    (this.triggers.get(namespace) ?? []).length >= eventBounds.namespaceTriggers;
  keepDaemons = (): Promise<void> => Promise.resolve();
  /** Namespaces whose gateways count. */
  readonly counting = new Set<string>();
  keepBudgets = (namespace: string): Promise<void> => Promise.resolve(void this.counting.add(namespace));
  seedDaemon = ({ uid }: { readonly uid: string }): Promise<void> =>
    Promise.resolve(void this.seeded.push(uid));
}

export interface RunningOptions {
  readonly identity?: string;
  readonly times?: LeaderTimes;
  readonly claims?: ClaimsSink;
}

const noNats: ClaimsSink = { push: () => Promise.resolve() };

export class RunningOperator {
  readonly #stop = new AbortController();
  readonly #ended: Promise<boolean>;
  readonly operator: Operator;

  constructor(
    api: KubeApi,
    dataPlanes: FakeDataPlanes,
    { identity = 'test', times = leaderTimes, claims = noNats }: RunningOptions = {},
  ) {
    this.operator = new Operator({
      api,
      log: pino({ level: process.env['CLRK_LOG_LEVEL'] ?? 'silent' }, pino.destination(2)),
      metrics: new Metrics(),
      namespace: 'clrk-system',
      identity,
      now: Date.now,
      settings: () => testSettings,
      dataPlanes,
      claims,
      signal: this.#stop.signal,
      times,
    });
    this.#ended = this.operator.run();
  }

  /** True when leadership was lost. */
  async stop(): Promise<boolean> {
    this.#stop.abort();
    return await this.#ended;
  }
}
