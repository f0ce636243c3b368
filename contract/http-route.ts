/**
 * The part of a gateway's config about EgressHTTPRoutes: which calls to which hosts pass. Apart from gateway-config.ts because
 * a route is a document of its own size. Lists are empty where nothing was set.
 */
import { Type, type Static } from 'typebox';
import {
  callLimitSchema,
  denyAnswerSchema,
  destinationRuleSchema,
  loggingRuleSchema,
  objectRefSchema,
} from './config-parts.ts';

const strings = Type.Array(Type.String());

const pathSchema = Type.Object({
  type: Type.Enum(['Exact', 'PathPrefix', 'Template', 'RegularExpression']),
  value: Type.String(),
});

/** Stands exactly once. `values` empty: whatever it is. */
const namedSchema = Type.Object({ name: Type.String(), values: strings });

const httpMatchSchema = Type.Object({
  /** `*`: every one but CONNECT and TRACE. */
  methods: strings,
  /** Absent: every path. */
  path: Type.Optional(pathSchema),
  queryParams: Type.Array(namedSchema),
  /** Names in lower case. */
  headers: Type.Array(namedSchema),
  /** Of a body, if there is one; empty: any. */
  contentTypes: strings,
  maxBodyBytes: Type.Optional(Type.Integer({ minimum: 0 })),
  /** GET calls may become WebSockets. */
  webSocket: Type.Boolean(),
});

const headerSchema = Type.Object({ name: Type.String(), value: Type.String() });

/** In this order: what is set is there once, what is added stands beside the agent's. */
const headerEditSchema = Type.Object({
  set: Type.Array(headerSchema),
  add: Type.Array(headerSchema),
  remove: strings,
  /** Taken out of answers. */
  hide: strings,
});

const httpRuleSchema = Type.Object({
  /** Any match selects the rule. */
  matches: Type.Array(httpMatchSchema),
  /** What the rule asks for and no gateway carries out: its calls are refused. */
  unsupported: strings,
  /** A person decides about each call first. */
  approval: Type.Optional(Type.Literal(true)),
  logging: Type.Optional(loggingRuleSchema),
  /** RateLimitPolicies, of its calls. Absent: none. */
  limits: Type.Optional(Type.Array(callLimitSchema)),
  /** What changes in the head of its calls and answers. Absent: nothing. */
  headers: Type.Optional(headerEditSchema),
});

export const httpRouteSchema = Type.Object({
  route: objectRefSchema,
  rules: Type.Array(httpRuleSchema),
  /** An EgressDenyPolicy denies what the rules name at these destinations; the route opens nothing then. */
  denial: Type.Optional(Type.Object({ answer: denyAnswerSchema, at: Type.Array(destinationRuleSchema) })),
});

export type HttpRoute = Static<typeof httpRouteSchema>;
export type HttpRule = Static<typeof httpRuleSchema>;
export type HeaderEdit = Static<typeof headerEditSchema>;
export type HttpMatch = Static<typeof httpMatchSchema>;
export type HttpPath = Static<typeof pathSchema>;
