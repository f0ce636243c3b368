/** A credential for calls that go to a Backend without TLS. */
import { isPlainBackend } from '../backend-use.ts';
import type { Found, Rule } from '../rule.ts';
import { topologyOf, type CredentialItem } from '../topology.ts';
import { backendOf, type Item, type World } from '../world.ts';

const sendingKinds = ['AIProviderRoute', 'MCPRoute'] as const;
type SendingRoute = Item<(typeof sendingKinds)[number]>;

/** Backends without TLS that rules of the route send to. */
function plainBackendsOf(world: World, route: SendingRoute): Array<Item<'Backend'>> {
  const rules: ReadonlyArray<{
    readonly backendRefs?: ReadonlyArray<Parameters<typeof backendOf>[2]> | undefined;
  }> = route.spec.rules ?? [];
  return rules
    .flatMap(({ backendRefs = [] }) => backendRefs)
    .flatMap((ref) => backendOf(world, route.namespace, ref) ?? [])
    .filter(isPlainBackend);
}

/** Routes whose calls the target of a policy is about. */
function routesOf(
  world: World,
  { namespace }: CredentialItem,
  { kind, name }: CredentialItem['spec']['targetRefs'][number],
): SendingRoute[] {
  if (kind === 'EgressGateway') {
    const gateway = world.find('EgressGateway', namespace, name);
    const attached = gateway === undefined ? [] : topologyOf(world).routesOf(gateway);
    return attached.flatMap(({ route }) =>
      sendingKinds
        .filter((each) => each === route.kind)
        .flatMap((each) => world.find(each, route.namespace, route.name) ?? []),
    );
  }
  const sending = sendingKinds.find((each) => each === kind);
  const route: SendingRoute | undefined = sending && world.find(sending, namespace, name);
  return route === undefined ? [] : [route];
}

function* ofPolicy(world: World, policy: CredentialItem): Iterable<Found> {
  for (const [index, target] of policy.spec.targetRefs.entries()) {
    const backends = routesOf(world, policy, target).flatMap((route) => plainBackendsOf(world, route));
    const concerned = backends.filter(({ name }) => [undefined, name].includes(target.sectionName));
    for (const backend of new Set(concerned.map(({ namespace, name }) => `${namespace}/${name}`))) {
      const message = `Backend ${backend} has no TLS (scheme http), so calls with this credential are refused there`;
      yield { manifest: policy.manifest, path: ['spec', 'targetRefs', index], message };
    }
  }
}

export const credentialInTheClear: Rule = {
  id: 'credential-in-the-clear',
  severity: 'error',
  title: 'A credential for calls that go to a Backend without TLS',
  why: 'A key is only sent over TLS: whoever shares the network of the cluster reads plain HTTP. The gateway refuses the call rather than send it with the key, or without.',
  fix: 'Put TLS in front of the server and leave scheme out, or target the credential with sectionName at the Backends that have TLS.',
  promises: ['S39'],
  *check(world) {
    for (const policy of world.own('CredentialInjectionPolicy')) yield* ofPolicy(world, policy);
  },
};
