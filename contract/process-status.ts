/**
 * What data planes say of themselves in NATS KV: liveness, address, load and the config digest they run. The ingress
 * picks workers from it, workers find gateways by it, the operator computes `Programmed` and revision readiness
 * from it. Written on every change (coalesced) and at least every 5 s; gone 20 s after the last word.
 */
import { Type, type Static } from 'typebox';
import { budgetWarningSchema, maxWarnings } from './budget-warning.ts';
import { daemonEndReasons } from './daemon-lease.ts';
import { natsToken } from './platform-identity.ts';
import { exportStateSchema } from './record-export.ts';

export const statusBucket = {
  name: 'CLRK_STATUS',
  ttlMs: 20_000,
  heartbeatMs: 5_000,
  /** Readers take a record older than this for dead. */
  deadAfterMs: 15_000,
} as const;

const common = {
  version: Type.Literal(1),
  namespace: Type.String(),
  pod: Type.String(),
  /** `ip:port` of the role's platform port. */
  address: Type.String(),
  /** Digest of the config document in force; empty before the first. */
  configDigest: Type.String(),
  draining: Type.Boolean(),
  /** Unix milliseconds of this word. */
  at: Type.Integer(),
};

/** Of the document in force (policy-digest.ts). Absent: none yet, or an older data plane. */
const policyDigest = Type.Optional(Type.String({ maxLength: 128 }));

/** What a worker knows of a daemon of its pool: of one it runs, of one that waits for its next start, of one that has ended for good. */
const daemonStatusSchema = Type.Object({
  phase: Type.Union([
    Type.Literal('Starting'),
    Type.Literal('Running'),
    Type.Literal('CrashLoopBackOff'),
    Type.Literal('Stopped'),
  ]),
  revision: Type.String({ maxLength: 253 }),
  restarts: Type.Integer({ minimum: 0 }),
  /** Of its run, while there is one. */
  invocation: Type.Optional(Type.String({ maxLength: 64 })),
  /** Unix milliseconds; of phase Running. */
  upSince: Type.Optional(Type.Integer({ minimum: 0 })),
  lastEnd: Type.Optional(
    Type.Object({
      reason: Type.Enum([...daemonEndReasons]),
      message: Type.Optional(Type.String({ maxLength: 512 })),
    }),
  ),
});
export type DaemonStatusWord = Static<typeof daemonStatusSchema>;

/**
 * A sandbox made ahead cannot be made; its agent ends, writes or answers before it has a run; of Snapshot, no image of it can be
 * made, or none may be.
 */
export const warmTroubles = [
  'SandboxFailed',
  'ExitsEarly',
  'WritesEarly',
  'AnswersEarly',
  'SnapshotFailed',
  'SnapshotTooLarge',
  'SecretInEnvironment',
] as const;
export type WarmTrouble = (typeof warmTroubles)[number];

export const workerStatusSchema = Type.Object({
  ...common,
  role: Type.Literal('worker'),
  pool: Type.String(),
  policyDigest,
  /** Running invocations by agent id. */
  inFlight: Type.Record(Type.String(), Type.Integer()),
  /** By agent id. Absent: an older worker. */
  daemons: Type.Optional(Type.Record(Type.String(), daemonStatusSchema)),
  /** Sandboxes this worker takes at once. */
  capacity: Type.Integer(),
  /** Warm sandboxes by revision id `ns/revision`. */
  warm: Type.Record(Type.String(), Type.Integer()),
  /** Why a pool has fewer of them than it should, by revision id. Absent: an older worker. */
  warmTroubles: Type.Optional(Type.Record(Type.String(), Type.Enum([...warmTroubles]))),
  /** By revision id `ns/revision`. */
  images: Type.Record(
    Type.String(),
    Type.Object({
      state: Type.Union([Type.Literal('Pulling'), Type.Literal('Pulled'), Type.Literal('Failed')]),
      digest: Type.Optional(Type.String()),
      /** Stable reason when Failed: ImageNotFound, ImageInvalid, ImagePullBackOff… */
      reason: Type.Optional(Type.String()),
      message: Type.Optional(Type.String()),
    }),
  ),
});
export type WorkerStatus = Static<typeof workerStatusSchema>;

export const gatewayStatusSchema = Type.Object({
  ...common,
  role: Type.Literal('egress'),
  gateway: Type.String(),
  policyDigest,
  connections: Type.Integer(),
  /** Absent: it sends nobody a copy of its records. */
  recordExport: Type.Optional(exportStateSchema),
  /** By name of the sink. Absent: it has none, or an older gateway. */
  recordSinks: Type.Optional(Type.Record(Type.String(), exportStateSchema)),
  /** Thresholds of budgets of today that are passed, as the ledger has them. Absent: none, or an older gateway. */
  budgets: Type.Optional(Type.Array(budgetWarningSchema, { maxItems: maxWarnings })),
});
export type GatewayStatus = Static<typeof gatewayStatusSchema>;

export const ingressStatusSchema = Type.Object({
  ...common,
  role: Type.Literal('ingress'),
  /** Digest of each shard of agents in force, by its number; empty before the first. Absent: an older ingress. */
  shardDigests: Type.Optional(Type.Array(Type.String())),
});
export type IngressStatus = Static<typeof ingressStatusSchema>;

/** KV keys carry who wrote them: NATS lets each write its own alone (nats-rights.ts). */
const token = natsToken;
export const statusKey = {
  worker: (namespace: string, pool: string, pod: string): string =>
    `worker.${token(namespace)}.${token(pool)}.${token(pod)}`,
  gateway: (namespace: string, gateway: string, pod: string): string =>
    `egress.${token(namespace)}.${token(gateway)}.${token(pod)}`,
  ingress: (namespace: string, pod: string): string => `ingress.${token(namespace)}.${token(pod)}`,
} as const;

/** The key under which this word may stand: what it says of itself must be who wrote it. */
export function keyOfStatus(word: WorkerStatus | GatewayStatus | IngressStatus): string {
  switch (word.role) {
    case 'worker':
      return statusKey.worker(word.namespace, word.pool, word.pod);
    case 'egress':
      return statusKey.gateway(word.namespace, word.gateway, word.pod);
    case 'ingress':
      return statusKey.ingress(word.namespace, word.pod);
    default:
      return word satisfies never;
  }
}
