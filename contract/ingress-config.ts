/**
 * What the operator tells the ingress: its client certificate and where it reports (settings), and the agents it may dispatch
 * to, in shards by namespace: what one tenant writes can fill no more than its shard, and a change rewrites one. Never logged.
 */
import { createHash } from 'node:crypto';
import { Type, type Static } from 'typebox';
import { callerExtractorSchema } from './caller-identity.ts';
import { eventTriggerSchema } from './event-trigger.ts';
import { platformEndpointsSchema } from './config-parts.ts';

const ingressAgentSchema = Type.Object({
  kind: Type.Union([Type.Literal('TaskAgent'), Type.Literal('DaemonAgent')]),
  namespace: Type.String(),
  name: Type.String(),
  uid: Type.String(),
  /** `ns/pool` */
  pool: Type.String(),
  /** Absent: no revision ready, callers get 503. */
  servingRevision: Type.Optional(Type.String()),
  timeoutMs: Type.Integer({ minimum: 1 }),
  /** 0: no limit; cluster-wide. */
  maxConcurrent: Type.Integer({ minimum: 0 }),
  schedule: Type.Optional(Type.String()),
  /** The body of scheduled calls, as JSON text; absent: `{}`. */
  scheduleInput: Type.Optional(Type.String()),
  /** Of the agent, in Unix milliseconds: periods are counted from then. Absent: from 1970. */
  createdAt: Type.Optional(Type.Integer()),
  /** Events that set it off. */
  triggers: Type.Optional(Type.Array(eventTriggerSchema)),
  /** How callers are recognised; absent: they are not. */
  callerExtractors: Type.Optional(Type.Array(callerExtractorSchema)),
});

export const ingressSettingsSchema = Type.Object({
  version: Type.Literal(1),
  digest: Type.String(),
  /** Client side of the dispatch port. Worker certificates carry the DNS name `worker.clrk.internal`. */
  dispatchTls: Type.Object({
    certificatePem: Type.String(),
    privateKeyPem: Type.String(),
    serverCaPem: Type.String(),
  }),
  platform: platformEndpointsSchema,
});
export type IngressSettings = Static<typeof ingressSettingsSchema>;

export const ingressShardSchema = Type.Object({
  version: Type.Literal(1),
  digest: Type.String(),
  shard: Type.Integer({ minimum: 0 }),
  agents: Type.Array(ingressAgentSchema),
});
export type IngressShard = Static<typeof ingressShardSchema>;

export type IngressAgent = Static<typeof ingressAgentSchema>;

/** Settings and every shard, put together. `digest` is that of the settings. */
export type IngressConfig = IngressSettings & { readonly agents: readonly IngressAgent[] };

/** Fixed, because the ingress may read Secrets by name alone, and its Role names them. */
export const ingressShardCount = 16;

export function ingressShardOf(namespace: string): number {
  return createHash('sha256').update(namespace).digest().readUInt32BE(0) % ingressShardCount;
}
