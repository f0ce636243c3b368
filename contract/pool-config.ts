/**
 * What the operator tells the workers of one WorkerPool: which agents they run and how, which gateways these use
 * and what those open (for DNS), and the keys they prove themselves with. Travels as a Secret. Never logged.
 */
import { Type, type Static } from 'typebox';
import { destinationPolicySchema, platformEndpointsSchema } from './config-parts.ts';
import { daemonRestartFields } from './daemon-lease.ts';

const revisionSchema = Type.Object({
  /** `<agent>-<generation, 5 digits>` */
  name: Type.String(),
  image: Type.String(),
  /** Replaces the image's Entrypoint (and then its Cmd too). */
  command: Type.Optional(Type.Array(Type.String())),
  args: Type.Optional(Type.Array(Type.String())),
  /** Literal after the operator resolved configMapKeyRef and fieldRef. */
  env: Type.Array(Type.Object({ name: Type.String(), value: Type.String() })),
});

const standbySchema = Type.Union([
  Type.Object({ mode: Type.Literal('Started') }),
  /** One process for many runs, one after another; delivery is Metadata. */
  Type.Object({
    mode: Type.Literal('Resident'),
    maxRuns: Type.Integer({ minimum: 1 }),
    maxAgeMs: Type.Integer({ minimum: 1 }),
  }),
  /** Restored for each run from an image of one that waited. */
  Type.Object({
    mode: Type.Literal('Snapshot'),
    /** Its environment holds what looks like a credential: it would be in the image, so none is made. */
    holdsSecret: Type.Optional(Type.Boolean()),
  }),
]);

const poolAgentSchema = Type.Object({
  kind: Type.Union([Type.Literal('TaskAgent'), Type.Literal('DaemonAgent')]),
  namespace: Type.String(),
  name: Type.String(),
  uid: Type.String(),
  /** Every live revision: the serving one and those being prepared. Workers pull all of them. */
  revisions: Type.Array(revisionSchema),
  /** Name of the revision new invocations run; absent: none ready yet. */
  servingRevision: Type.Optional(Type.String()),
  timeoutMs: Type.Integer({ minimum: 1 }),
  /** 0: no limit. */
  maxConcurrent: Type.Integer({ minimum: 0 }),
  resources: Type.Object({
    cpuMillis: Type.Integer({ minimum: 1 }),
    memoryBytes: Type.Integer({ minimum: 1 }),
    ephemeralStorageBytes: Type.Integer({ minimum: 0 }),
  }),
  warmPoolSize: Type.Integer({ minimum: 0 }),
  warmPoolIdleTtlMs: Type.Integer({ minimum: 1 }),
  /** Sandboxes made ahead have their agent started, waiting for its input; absent: it is started by its call. */
  standby: Type.Optional(standbySchema),
  deliveryMode: Type.Union([Type.Literal('Stdin'), Type.Literal('Metadata')]),
  state: Type.Optional(
    Type.Object({ mountPath: Type.String(), sizeLimitBytes: Type.Integer({ minimum: 0 }) }),
  ),
  /** Of a DaemonAgent: it runs all the time, and the fields about calls and warm sandboxes are not read. */
  daemon: Type.Optional(
    Type.Object({
      ...daemonRestartFields,
      /** Absent: it is to run. */
      stop: Type.Optional(Type.Union([Type.Literal('Suspended'), Type.Literal('Contained')])),
    }),
  ),
  /** Gateway ids `ns/name`, in order; empty: the agent reaches nothing. */
  gateways: Type.Array(Type.String()),
});

const poolGatewaySchema = Type.Object({
  /** `ns/name` */
  id: Type.String(),
  /** CA the sandbox must trust; absent until the gateway has one (its agents answer 503 until then). */
  caPem: Type.Optional(Type.String()),
  destinations: destinationPolicySchema,
});

export const poolConfigSchema = Type.Object({
  version: Type.Literal(1),
  digest: Type.String(),
  pool: Type.Object({ namespace: Type.String(), name: Type.String(), uid: Type.String() }),
  /** Signs identity frames; key id is `ns/pool`. */
  frameKeyBase64: Type.String(),
  /** Server side of the dispatch port; peers must present a certificate from `clientCaPem`. */
  dispatchTls: Type.Object({
    certificatePem: Type.String(),
    privateKeyPem: Type.String(),
    clientCaPem: Type.String(),
  }),
  /** Upper bound of sandboxes at once on one worker; 0: the worker's own bound. */
  maxExecutionsPerWorker: Type.Integer({ minimum: 0 }),
  agents: Type.Array(poolAgentSchema),
  gateways: Type.Array(poolGatewaySchema),
  /** Registries reached over plain HTTP (development), and logins in the order they are named in; hosts may stand often. */
  registries: Type.Array(
    Type.Object({
      /** `host[:port]`, its labels perhaps globs. */
      host: Type.String(),
      /** Repositories at and below it; absent: all. */
      path: Type.Optional(Type.String()),
      plainHttp: Type.Boolean(),
      username: Type.Optional(Type.String()),
      password: Type.Optional(Type.String()),
      /** A refresh token, used instead of the password. */
      identityToken: Type.Optional(Type.String()),
    }),
  ),
  platform: platformEndpointsSchema,
});

export type PoolConfig = Static<typeof poolConfigSchema>;
export type PoolAgent = Static<typeof poolAgentSchema>;
export type PoolGateway = Static<typeof poolGatewaySchema>;
export type PoolRevision = Static<typeof revisionSchema>;
