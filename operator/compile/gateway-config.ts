/** One EgressGateway and everything attached to it, compiled to the document its data plane runs. */
import {
  agentId,
  gatewayListener,
  type GatewayConfig,
  type PlatformEndpoints,
  type ProviderRoute,
} from '../../contract/index.ts';
import { parseDuration } from '../../api/index.ts';
import { kinds, type EgressGateway } from '../kind.ts';
import type { World } from '../runtime/index.ts';
import { attachedRoutes } from './attachment.ts';
import { compileCredentials } from './credential.ts';
import { compileDestinations } from './destination.ts';
import { gatewayCa } from './gateway-ca.ts';
import { compileHttpRoute } from './http-route.ts';
import { compileMcpRoute } from './mcp-route.ts';
import { agentsOfGateway, poolsOfAgent, refOf } from './membership.ts';
import { childName, poolKey } from './name.ts';
import { compileProviderDenial, compileProviderRoute } from './provider-route.ts';
import { compileRecordExport, compileRecordSinks } from './record-export.ts';
import { certificatesOf } from './secret-value.ts';

/** Defaults of the original's EgressGateway. */
const defaultCapture = {
  maxBytes: 65_536,
  includeContentTypes: ['application/json', 'application/x-ndjson', 'text/event-stream'],
};
const defaultRequestTimeoutMs = 5 * 60_000;

export interface GatewayInput {
  readonly gateway: EgressGateway;
  readonly platform: PlatformEndpoints;
  readonly platformCidrs: readonly string[];
}

/** The document without its digest, or undefined while the gateway has no CA to sign with. */
export function compileGateway(world: World, input: GatewayInput): Omit<GatewayConfig, 'digest'> | undefined {
  const { gateway, platform, platformCidrs } = input;
  const ca = gatewayCa(world, gateway);
  if (!ca.found) return undefined;
  const { spec, metadata } = gateway;
  const routes = attachedRoutes(world, gateway, kinds.aiProviderRoute).map(({ route }) => route);
  const mcp = attachedRoutes(world, gateway, kinds.mcpRoute).map(({ route }) => route);
  const recordExport = compileRecordExport(world, gateway);
  const recordSinks = compileRecordSinks(world, gateway);
  const http = attachedRoutes(world, gateway, kinds.egressHttpRoute);
  return {
    version: 1,
    gateway: { namespace: metadata.namespace, name: metadata.name, uid: metadata.uid ?? '' },
    listeners: spec.listeners.flatMap(gatewayListener),
    ca: { certificatePem: ca.certificatePem, privateKeyPem: ca.privateKeyPem },
    upstream: compileUpstream(world, gateway),
    capture: compileCapture(gateway),
    ...(recordExport === undefined ? {} : { recordExport }),
    ...(recordSinks.length === 0 ? {} : { recordSinks }),
    framePeers: framePeers(world, gateway),
    destinations: compileDestinations(world, gateway, platformCidrs),
    providerRoutes: routes.map((route): ProviderRoute => compileProviderRoute(world, gateway, route)),
    providerDenials: routes.flatMap((route) => compileProviderDenial(world, route) ?? []),
    mcpRoutes: mcp.flatMap((route) => compileMcpRoute(world, gateway, route)),
    httpRoutes: http.map((attached) => compileHttpRoute(world, gateway, attached)),
    credentials: compileCredentials(world, gateway, [...routes, ...mcp, ...http.map(({ route }) => route)]),
    platform,
  };
}

function compileUpstream(world: World, gateway: EgressGateway): GatewayConfig['upstream'] {
  const { spec } = gateway;
  return {
    additionalTrustPem: trustBundle(world, gateway),
    ...trustSource(gateway),
    hostAliases: (spec.upstreamTLS?.hostAliases ?? []).map((alias) => ({
      ip: alias.ip,
      hostnames: (alias.hostnames ?? []).map((name) => name.toLowerCase()),
    })),
    lookupFamily: spec.dns?.lookupFamily ?? 'V4Preferred',
    requestTimeoutMs: durationMs(spec.requestTimeout, defaultRequestTimeoutMs),
  };
}

function compileCapture({ spec }: EgressGateway): GatewayConfig['capture'] {
  const { maxBytes, includeContentTypes } = spec.otlp?.captureBody ?? {};
  return {
    maxBytes: maxBytes ?? defaultCapture.maxBytes,
    includeContentTypes: [...(includeContentTypes ?? defaultCapture.includeContentTypes)],
  };
}

function durationMs(text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : Math.max(1, parseDuration(text) ?? otherwise);
}

function trustBundle(world: World, gateway: EgressGateway): string {
  const ref = gateway.spec.upstreamTLS?.additionalTrustBundleSecretRef;
  if (ref === undefined) return '';
  const secret = world.get(kinds.secret, gateway.metadata.namespace, ref.name);
  return secret === undefined ? '' : certificatesOf(secret);
}

function trustSource({ spec, metadata }: EgressGateway): Partial<GatewayConfig['upstream']> {
  const ref = spec.upstreamTLS?.additionalTrustBundleSecretRef;
  return ref === undefined
    ? {}
    : { additionalTrustSource: { namespace: metadata.namespace, name: ref.name } };
}

function framePeers(world: World, gateway: EgressGateway): GatewayConfig['framePeers'] {
  const { namespace } = gateway.metadata;
  const agentsByPool = new Map<string, string[]>();
  for (const member of agentsOfGateway(world, gateway)) {
    for (const pool of poolsOfAgent(world, member.agent)) {
      agentsByPool.set(pool, [...(agentsByPool.get(pool) ?? []), agentId(refOf(member))]);
    }
  }
  return [...agentsByPool]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([pool, agents]) => {
      const keyBase64 = world.get(kinds.secret, namespace, childName.poolKeys(pool))?.data?.[poolKey.frame];
      return keyBase64 === undefined
        ? []
        : [{ pool: `${namespace}/${pool}`, keyBase64, agents: agents.sort() }];
    });
}
