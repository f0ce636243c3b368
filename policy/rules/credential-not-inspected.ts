/** A credential for traffic the gateway cannot look into. */
import { openingsOf, uninspectedListener } from '../opening.ts';
import type { Found, Rule } from '../rule.ts';
import {
  routeKinds,
  topologyOf,
  type CredentialItem,
  type GatewayItem,
  type RouteItem,
} from '../topology.ts';
import type { World } from '../world.ts';

type Target = CredentialItem['spec']['targetRefs'][number];

/** Ports the target's calls leave on, with the gateways they go through. */
function portsOf(
  world: World,
  policy: CredentialItem,
  target: Target,
): Array<readonly [GatewayItem, number]> {
  const topology = topologyOf(world);
  if (target.kind === 'EgressGateway') {
    const gateway = world.find('EgressGateway', policy.namespace, target.name);
    return gateway === undefined ? [] : [[gateway, 443]];
  }
  const kind = routeKinds.find((each) => each === target.kind);
  const route: RouteItem | undefined =
    kind === undefined ? undefined : world.find(kind, policy.namespace, target.name);
  if (route === undefined) return [];
  // What the agent dials is what the listener sees: the provider's own port.
  const ports = new Set(
    openingsOf(world, route)
      .slice(0, 1)
      .flatMap((each) => each.ports.map(({ start }) => start)),
  );
  return topology.gatewaysOf(route).flatMap((gateway) => [...ports].map((port) => [gateway, port] as const));
}

function* findingsOf(world: World, policy: CredentialItem): Iterable<Found> {
  for (const [index, target] of policy.spec.targetRefs.entries()) {
    for (const [gateway, port] of portsOf(world, policy, target)) {
      const listener = uninspectedListener(gateway, port);
      if (listener === undefined) continue;
      const where = `listener ${listener} of EgressGateway ${gateway.namespace}/${gateway.name}`;
      const message = `${where} does not look into TLS on port ${port}, so the credential cannot be put in`;
      yield { manifest: policy.manifest, path: ['spec', 'targetRefs', index], message };
    }
  }
}

export const credentialNotInspected: Rule = {
  id: 'credential-not-inspected',
  severity: 'error',
  title: 'A credential for traffic the gateway cannot look into',
  why: 'TLS that passes through is opaque to the gateway: nothing is injected, the agent calls unauthenticated, and whoever notices puts the key into the agent instead.',
  fix: 'Let the listener of that port terminate TLS: protocol HTTPS, protocol TLS with tls.mode Terminate, or TCP.',
  promises: ['S39', 'S52'],
  *check(world) {
    for (const policy of world.own('CredentialInjectionPolicy')) yield* findingsOf(world, policy);
  },
};
