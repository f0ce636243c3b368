/** Schemas that more than one contract document carries. Apart so that the documents stay one file each. */
import { Type, type Static } from 'typebox';

export const objectRefSchema = Type.Object({ namespace: Type.String(), name: Type.String() });

/** Where a rule sends calls instead: one of them by weight, or one after the other. */
export const backendSchema = Type.Object({
  name: Type.String(),
  weight: Type.Integer({ minimum: 0 }),
  /** The provider whose API it is; empty where nobody asks. */
  schema: Type.String(),
  host: Type.String(),
  port: Type.Integer({ minimum: 1, maximum: 65535 }),
  /** It speaks HTTP without TLS, and is dialled at private addresses alone. Absent: TLS. */
  plain: Type.Optional(Type.Literal(true)),
  modelRewrites: Type.Array(Type.Object({ from: Type.String(), to: Type.String() })),
  ensureStreamUsage: Type.Boolean(),
});
export type RouteBackend = Static<typeof backendSchema>;

/** LoggingPolicies of a rule, joined: what one of them keeps out of records stays out. */
export const loggingRuleSchema = Type.Object({
  captureRequest: Type.Boolean(),
  captureResponse: Type.Boolean(),
  /** Lower case. */
  redactHeaders: Type.Array(Type.String()),
  /** Sinks of the gateway that get a copy, by name; one that it does not have gets none. Absent: none. */
  sinks: Type.Optional(Type.Array(Type.String())),
});
export type LoggingRule = Static<typeof loggingRuleSchema>;

/** What one of several rules keeps out of records stays out; the sink of each gets a copy. */
export function joinLogging(rules: readonly LoggingRule[]): LoggingRule {
  const sinks = [...new Set(rules.flatMap((rule) => rule.sinks ?? []))].sort();
  return {
    captureRequest: rules.every((rule) => rule.captureRequest),
    captureResponse: rules.every((rule) => rule.captureResponse),
    redactHeaders: [...new Set(rules.flatMap((rule) => rule.redactHeaders))],
    ...(sinks.length === 0 ? {} : { sinks }),
  };
}

/** Who has a count of its own; `PerRoute`, `PerGateway`: nobody has, the account is the route's or the gateway's. */
const countScope = Type.Enum(['PerAgent', 'PerExecution', 'PerRoute', 'PerGateway']);

/** So many calls: in each window of the clock, or in an execution as a whole. */
export const callLimitSchema = Type.Object({
  /** Limits with the same one share their counts, in all gateways of a namespace. */
  account: Type.String(),
  calls: Type.Integer({ minimum: 1 }),
  /** Windows begin at the multiples of it in Unix time. Absent: the execution is the window. */
  windowMs: Type.Optional(Type.Integer({ minimum: 1 })),
  scope: countScope,
  /** The RateLimitPolicy, `ns/name`; absent: the route asks for it by itself. */
  policy: Type.Optional(Type.String()),
});
export type CallLimit = Static<typeof callLimitSchema>;
export type CountScope = CallLimit['scope'];

/** So many tokens, in and out, in each window of the clock. */
export const tokenRateSchema = Type.Object({
  /** As that of calls; a count of tokens is never one of calls. */
  account: Type.String(),
  tokens: Type.Integer({ minimum: 1 }),
  windowMs: Type.Integer({ minimum: 1 }),
  scope: countScope,
  /** The RateLimitPolicy, `ns/name`. */
  policy: Type.String(),
});
export type TokenRate = Static<typeof tokenRateSchema>;

/** What an EgressDenyPolicy answers HTTP callers. */
export const denyAnswerSchema = Type.Object({
  policy: objectRefSchema,
  status: Type.Integer({ minimum: 400, maximum: 599 }),
  /** Absent: a message of the gateway's own. */
  message: Type.Optional(Type.String()),
});
export type DenyAnswer = Static<typeof denyAnswerSchema>;

const destinationRule = {
  route: Type.String(),
  hostnames: Type.Array(Type.String()),
  cidrs: Type.Array(Type.String()),
  ports: Type.Array(Type.Object({ start: Type.Integer(), end: Type.Integer() })),
  protocol: Type.Union([Type.Literal('TCP'), Type.Literal('UDP')]),
  sourceAgents: Type.Optional(Type.Array(Type.String())),
};

export const destinationRuleSchema = Type.Object({
  ...destinationRule,
  logging: Type.Optional(loggingRuleSchema),
  /** Where it is dialled instead, one by weight. Absent: where the agent sent it. */
  backends: Type.Optional(Type.Array(backendSchema)),
  /** Of connections whose bytes nobody reads, and of calls that no other route takes. Absent: none. */
  limits: Type.Optional(Type.Array(callLimitSchema)),
});

/** Mirrors `DestinationPolicy` in destination-policy.ts. */
export const destinationPolicySchema = Type.Object({
  defaultPolicy: Type.Union([Type.Literal('deny-all'), Type.Literal('allow-all')]),
  audit: Type.Optional(Type.Literal(true)),
  asksUnlisted: Type.Optional(Type.Literal(true)),
  rules: Type.Array(destinationRuleSchema),
  denials: Type.Optional(Type.Array(Type.Object({ ...destinationRule, policy: Type.String() }))),
  platformCidrs: Type.Array(Type.String()),
});

/** Where a data plane reports, with the credentials of that one ingress, pool or gateway. */
export const platformEndpointsSchema = Type.Object({
  /** The platform's own CA: servers of a `tls:` or `https:` URL prove themselves with a certificate of it. */
  caPem: Type.String(),
  nats: Type.Object({
    url: Type.String(),
    /** Claims signed by the platform, and the key they are about. */
    jwt: Type.String(),
    seed: Type.String(),
    /** Prefix of its inboxes: the only ones it may listen to. */
    inbox: Type.String(),
  }),
  otlp: Type.Object({
    /** Base URL, e.g. `https://198.51.100.7:4318`; `/v1/traces` and `/v1/logs` are appended. */
    endpoint: Type.String(),
    /** Sent as `Authorization: Bearer`. */
    token: Type.String(),
  }),
});
export type PlatformEndpoints = Static<typeof platformEndpointsSchema>;
