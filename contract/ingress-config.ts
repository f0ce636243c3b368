/** What the operator tells the ingress: the agents it may dispatch to and its client certificate. Never logged. */
import { Type, type Static } from 'typebox';
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
});

export const ingressConfigSchema = Type.Object({
  version: Type.Literal(1),
  digest: Type.String(),
  agents: Type.Array(ingressAgentSchema),
  /** Client side of the dispatch port. Worker certificates carry the DNS name `worker.clrk.internal`. */
  dispatchTls: Type.Object({
    certificatePem: Type.String(),
    privateKeyPem: Type.String(),
    serverCaPem: Type.String(),
  }),
  platform: platformEndpointsSchema,
});

export type IngressConfig = Static<typeof ingressConfigSchema>;
export type IngressAgent = Static<typeof ingressAgentSchema>;
