/** Schemas that more than one contract document carries. Apart so that the documents stay one file each. */
import { Type, type Static } from 'typebox';

export const objectRefSchema = Type.Object({ namespace: Type.String(), name: Type.String() });

/** Mirrors `DestinationPolicy` in destination-policy.ts. */
export const destinationPolicySchema = Type.Object({
  defaultPolicy: Type.Union([Type.Literal('deny-all'), Type.Literal('allow-all')]),
  rules: Type.Array(
    Type.Object({
      route: Type.String(),
      hostnames: Type.Array(Type.String()),
      cidrs: Type.Array(Type.String()),
      ports: Type.Array(Type.Object({ start: Type.Integer(), end: Type.Integer() })),
      protocol: Type.Union([Type.Literal('TCP'), Type.Literal('UDP')]),
      sourceAgents: Type.Optional(Type.Array(Type.String())),
    }),
  ),
  platformCidrs: Type.Array(Type.String()),
});

/** Where a data plane reports, with that role's own credentials. */
export const platformEndpointsSchema = Type.Object({
  nats: Type.Object({ url: Type.String(), user: Type.String(), password: Type.String() }),
  otlp: Type.Object({
    /** Base URL, e.g. `http://198.51.100.7:4318`; `/v1/traces` and `/v1/logs` are appended. */
    endpoint: Type.String(),
    /** Sent as `Authorization: Bearer`. */
    token: Type.String(),
  }),
});
export type PlatformEndpoints = Static<typeof platformEndpointsSchema>;
