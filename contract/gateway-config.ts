/**
 * What the operator tells one EgressGateway's data plane: everything it may do, resolved, with certificates and
 * credential material (so it travels as a Secret). Kubernetes-free. A data plane that cannot parse a document
 * keeps the one it runs. It must never be logged.
 */
import { Type, type Static } from 'typebox';
import {
  backendSchema,
  callLimitSchema,
  denyAnswerSchema,
  destinationPolicySchema,
  loggingRuleSchema,
  objectRefSchema,
  platformEndpointsSchema,
  tokenRateSchema,
} from './config-parts.ts';
import { httpRouteSchema } from './http-route.ts';
import { mcpRouteSchema } from './mcp-route.ts';
import { recordExportSchema, recordSinkSchema } from './record-export.ts';
import { tokenInjectionSchema } from './token-injection.ts';

const listenerSchema = Type.Object({
  name: Type.String(),
  protocol: Type.Union([
    Type.Literal('TCP'),
    Type.Literal('TLS'),
    Type.Literal('HTTP'),
    Type.Literal('HTTPS'),
  ]),
  /** Destination port it takes; absent: every port no other listener takes. */
  port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535 })),
  tlsMode: Type.Union([Type.Literal('Terminate'), Type.Literal('Passthrough')]),
});

const tokenBudgetSchema = Type.Object({
  type: Type.Literal('TokenBudget'),
  /** Budgets with the same one share their count, in all gateways of a namespace. */
  account: Type.String(),
  maxTokensPerExecution: Type.Optional(Type.Integer({ minimum: 1 })),
  /** UTC. */
  maxTokensPerDay: Type.Optional(Type.Integer({ minimum: 1 })),
  maxOutputTokensPerRequest: Type.Optional(Type.Integer({ minimum: 1 })),
  /** Billionths of a US dollar (usd.ts). */
  maxNanoUsdPerExecution: Type.Optional(Type.Integer({ minimum: 1 })),
  /** UTC. */
  maxNanoUsdPerDay: Type.Optional(Type.Integer({ minimum: 1 })),
  /** Percent of its limits a day of which people are told. Absent: none. */
  warnAt: Type.Optional(Type.Array(Type.Integer({ minimum: 1, maximum: 100 }))),
});

/** A filter no gateway carries out: calls of the rule are refused. */
const unsupportedFilterSchema = Type.Object({ type: Type.Literal('Unsupported'), what: Type.String() });

const providerRuleSchema = Type.Object({
  /** Any match selects the rule. */
  matches: Type.Array(
    Type.Object({
      provider: Type.String(),
      /** Globs; empty: every model. */
      models: Type.Array(Type.String()),
      /** Path globs without query; empty: every path. */
      endpoints: Type.Array(Type.String()),
    }),
  ),
  filters: Type.Array(Type.Union([tokenBudgetSchema, unsupportedFilterSchema])),
  /** A person decides about each call first. */
  approval: Type.Optional(Type.Literal(true)),
  logging: Type.Optional(loggingRuleSchema),
  /** RateLimitPolicies, of its calls. Absent: none. */
  limits: Type.Optional(Type.Array(callLimitSchema)),
  /** RateLimitPolicies, of the tokens its calls use. Absent: none. */
  tokenRates: Type.Optional(Type.Array(tokenRateSchema)),
  /** Empty: the call goes to the host the agent asked for. */
  backends: Type.Array(backendSchema),
  /** Of a denial: it names a Backend that is missing, so nobody knows all hosts it is about. */
  unresolved: Type.Optional(Type.Literal(true)),
});

/** The Backends of each rule are tried in their order until one answers, not by weight. */
const fallbackSchema = Type.Object({
  /** How many more are tried after the first. */
  retries: Type.Integer({ minimum: 0, maximum: 5 }),
  /** Answers after which the next one is tried. */
  statuses: Type.Array(Type.Integer({ minimum: 400, maximum: 599 })),
  /** Until the head of an answer; absent: no limit of its own. */
  perTryTimeoutMs: Type.Optional(Type.Integer({ minimum: 1 })),
  /** The longest a Backend that fails is left out. */
  maxEjectionMs: Type.Integer({ minimum: 1 }),
});

const providerRouteSchema = Type.Object({
  route: objectRefSchema,
  rules: Type.Array(providerRuleSchema),
  /** Absent: no FallbackRoutingPolicy is about it. */
  fallback: Type.Optional(fallbackSchema),
});

/** What to put on the request. `Broken` means: the policy is there, its Secret is not; refuse the call. */
const injectionSchema = Type.Union([
  Type.Object({ type: Type.Literal('Header'), name: Type.String(), value: Type.String() }),
  Type.Object({ type: Type.Literal('QueryParam'), name: Type.String(), value: Type.String() }),
  /** `keys` absent: compiled by an operator before it gave them out; refuse the call. */
  Type.Object({
    type: Type.Literal('AWSv4'),
    keys: Type.Optional(
      Type.Object({
        accessKeyId: Type.String(),
        secretAccessKey: Type.String(),
        sessionToken: Type.Optional(Type.String()),
      }),
    ),
    service: Type.Optional(Type.String()),
    /** Absent: that of the host. */
    region: Type.Optional(Type.String()),
  }),
  tokenInjectionSchema,
  Type.Object({ type: Type.Literal('Broken'), reason: Type.String() }),
]);

const credentialSchema = Type.Object({
  policy: objectRefSchema,
  target: Type.Object({
    kind: Type.Union([
      Type.Literal('AIProviderRoute'),
      Type.Literal('MCPRoute'),
      Type.Literal('EgressHTTPRoute'),
      Type.Literal('EgressGateway'),
    ]),
    namespace: Type.String(),
    name: Type.String(),
    /** A backend's name; only on AIProviderRoute and MCPRoute. */
    sectionName: Type.Optional(Type.String()),
  }),
  inject: injectionSchema,
  /** Which Secret it is from, for people: names, never a value. Absent: compiled by an older operator. */
  source: Type.Optional(Type.Object({ namespace: Type.String(), name: Type.String(), key: Type.String() })),
});

export const gatewayConfigSchema = Type.Object({
  version: Type.Literal(1),
  digest: Type.String(),
  gateway: Type.Object({ namespace: Type.String(), name: Type.String(), uid: Type.String() }),
  listeners: Type.Array(listenerSchema),
  /** ECDSA P-256 CA that signs the leaves agents see. */
  ca: Type.Object({ certificatePem: Type.String(), privateKeyPem: Type.String() }),
  upstream: Type.Object({
    /** PEM bundle trusted beside the system's; empty: none. */
    additionalTrustPem: Type.String(),
    /** The Secret that bundle is from. Absent: there is none, or it was compiled by an older operator. */
    additionalTrustSource: Type.Optional(objectRefSchema),
    hostAliases: Type.Array(Type.Object({ ip: Type.String(), hostnames: Type.Array(Type.String()) })),
    lookupFamily: Type.Enum(['V4Preferred', 'V4Only', 'V6Only', 'Auto', 'All']),
    requestTimeoutMs: Type.Integer({ minimum: 1 }),
  }),
  capture: Type.Object({
    maxBytes: Type.Integer({ minimum: 0 }),
    includeContentTypes: Type.Array(Type.String()),
  }),
  /** Who gets a copy of what the platform's store gets; absent: nobody. */
  recordExport: Type.Optional(recordExportSchema),
  /** Who gets copies of the records of some calls (`LoggingRule.sinks`). Absent: there are none. */
  recordSinks: Type.Optional(Type.Array(recordSinkSchema)),
  /** Worker pools whose identity frames are accepted: key id `ns/pool`, HMAC-SHA-256 key of 32 bytes, agent ids. */
  framePeers: Type.Array(
    Type.Object({ pool: Type.String(), keyBase64: Type.String(), agents: Type.Array(Type.String()) }),
  ),
  destinations: destinationPolicySchema,
  providerRoutes: Type.Array(providerRouteSchema),
  /** AIProviderRoutes an EgressDenyPolicy targets: what their rules name is denied, whoever opened it. */
  providerDenials: Type.Optional(
    Type.Array(
      Type.Object({
        route: objectRefSchema,
        answer: denyAnswerSchema,
        rules: Type.Array(providerRuleSchema),
      }),
    ),
  ),
  mcpRoutes: Type.Optional(Type.Array(mcpRouteSchema)),
  httpRoutes: Type.Optional(Type.Array(httpRouteSchema)),
  credentials: Type.Array(credentialSchema),
  platform: platformEndpointsSchema,
});

export type GatewayConfig = Static<typeof gatewayConfigSchema>;
export type GatewayListener = Static<typeof listenerSchema>;
export type ProviderRoute = Static<typeof providerRouteSchema>;
export type ProviderDenial = NonNullable<GatewayConfig['providerDenials']>[number];
export type RouteFallback = Static<typeof fallbackSchema>;
export type ProviderRule = Static<typeof providerRuleSchema>;
export type GatewayCredential = Static<typeof credentialSchema>;
export type SecretSource = NonNullable<GatewayCredential['source']>;
export type CredentialInjection = Static<typeof injectionSchema>;
