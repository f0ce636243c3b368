/**
 * The digest of what manifests decide in a compiled document: two documents with the same one let the same calls through the same
 * way. Computed by the data plane from the document it runs and by `clrk reach --live` from manifests, so it leaves out what
 * manifests cannot hold (keys, certificates, values of Secrets, addresses of the platform) and nothing else. Pure.
 */
import { agentId } from './agent-id.ts';
import type { DestinationPolicy } from './destination-policy.ts';
import { digestOfDocument, type Digest } from './digest.ts';
import type { CredentialInjection, GatewayConfig } from './gateway-config.ts';
import type { HttpRoute } from './http-route.ts';
import type { PoolConfig } from './pool-config.ts';
import type { RecordExport } from './record-export.ts';

/** Of a credential what decides: that there is one, and where it goes or what it signs for. */
function withoutValue(inject: CredentialInjection): object {
  const { type } = inject;
  switch (type) {
    case 'Header':
    case 'QueryParam':
      return { type, name: inject.name };
    case 'AWSv4': {
      const { keys, ...scope } = inject;
      return { ...scope, signs: keys !== undefined };
    }
    case 'Token': {
      const { grant, ...scope } = inject;
      const place = 'clientPlace' in grant ? grant.clientPlace : undefined;
      return { ...scope, grant: grant.type, place };
    }
    case 'Broken':
      return inject;
    default:
      return type satisfies never;
  }
}

/** Where records go, and by which headers: of a value from a Secret nothing, not even that it changed. */
function withoutSecretHeaders({ headers, ...rest }: RecordExport): object {
  const known = headers.map(({ name, value, source }) =>
    source === undefined ? { name, value } : { name, source },
  );
  return { ...rest, headers: known };
}

/** Agents are chosen by label: in which order they are listed says nothing. */
function sortedAgents<T extends { readonly sourceAgents?: readonly string[] }>(rule: T): T {
  return rule.sourceAgents === undefined ? rule : { ...rule, sourceAgents: [...rule.sourceAgents].sort() };
}

function withSortedDenial({ denial, ...route }: HttpRoute): HttpRoute {
  return denial === undefined ? route : { ...route, denial: { ...denial, at: denial.at.map(sortedAgents) } };
}

function ofManifests({ platformCidrs: _platform, rules, denials = [], ...rest }: DestinationPolicy): object {
  return { ...rest, rules: rules.map(sortedAgents), denials: denials.map(sortedAgents) };
}

/** What a gateway does, to whom. */
export function gatewayPolicyDigest(document: Omit<GatewayConfig, 'digest'>): Digest {
  const { ca: _ca, platform: _platform, framePeers, gateway, credentials, upstream, ...rest } = document;
  const { additionalTrustPem: _pem, ...connecting } = upstream;
  const { destinations, providerDenials = [], mcpRoutes = [], httpRoutes = [], ...others } = rest;
  const { recordExport, recordSinks, ...more } = others;
  return digestOfDocument({
    ...more,
    ...(recordExport === undefined ? {} : { recordExport: withoutSecretHeaders(recordExport) }),
    ...(recordSinks === undefined ? {} : { recordSinks: recordSinks.map(withoutSecretHeaders) }),
    gateway: { namespace: gateway.namespace, name: gateway.name },
    upstream: connecting,
    agents: [...new Set(framePeers.flatMap(({ agents }) => agents))].sort(),
    destinations: ofManifests(destinations),
    providerDenials,
    mcpRoutes,
    httpRoutes: httpRoutes.map(withSortedDenial),
    credentials: credentials.map(({ inject, ...each }) => ({ ...each, inject: withoutValue(inject) })),
  });
}

type PoolPolicy = Pick<PoolConfig, 'pool' | 'gateways'> & {
  readonly agents: ReadonlyArray<
    Pick<PoolConfig['agents'][number], 'kind' | 'namespace' | 'name' | 'gateways'>
  >;
};

/** Which gateways each agent of a pool asks, in which order, and what its workers open by them. */
export function poolPolicyDigest({ pool, agents, gateways }: PoolPolicy): Digest {
  const asked = new Set(agents.flatMap((agent) => agent.gateways));
  const byId = new Map(gateways.map(({ id, destinations }) => [id, ofManifests(destinations)]));
  return digestOfDocument({
    version: 1,
    pool: { namespace: pool.namespace, name: pool.name },
    agents: Object.fromEntries(agents.map((agent) => [agentId(agent), agent.gateways])),
    gateways: Object.fromEntries([...asked].map((id) => [id, byId.get(id) ?? null])),
  });
}
