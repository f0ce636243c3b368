/**
 * What the manifests leave open although all of them could be read: labels of namespaces that a gateway asks for, objects
 * that others refer to, namespaces nobody names. Whoever says what is allowed has to say this too. Pure.
 */
import { matchesSelector, namespaceNameLabel, type LabelSelector } from '../contract/index.ts';
import { apiGroup } from '../api/index.ts';
import type { Manifest } from './manifest/manifest.ts';
import type { Json } from './manifest/json.ts';
import { isList, isObject } from './manifest/json.ts';
import type { Path } from './manifest/path.ts';
import type { Found } from './rule.ts';
import { unresolvedReference } from './rules/unresolved-reference.ts';
import { routeKinds, type GatewayItem, type RouteItem } from './topology.ts';
import type { World } from './world.ts';

export interface Gap {
  readonly manifest: Manifest;
  readonly path: Path;
  readonly message: string;
  readonly hint: string;
}

function routesOf(world: World): readonly RouteItem[] {
  return routeKinds.flatMap((kind): readonly RouteItem[] => world.own(kind));
}

/** What a selector says about the one label that is always known, and whether it says more. */
function split({ matchLabels = {}, matchExpressions = [] }: LabelSelector): {
  readonly known: LabelSelector;
  readonly isMore: boolean;
} {
  const { [namespaceNameLabel]: name, ...labels } = matchLabels;
  const named = matchExpressions.filter(({ key }) => key === namespaceNameLabel);
  const known = {
    matchLabels: name === undefined ? {} : { [namespaceNameLabel]: name },
    matchExpressions: named,
  };
  return { known, isMore: Object.keys(labels).length > 0 || named.length < matchExpressions.length };
}

/** True when a listener decides about this namespace by labels that nobody wrote down. */
function dependsOnLabels(world: World, gateway: GatewayItem, namespace: string): boolean {
  if (world.has('Namespace', '', namespace)) return false;
  return gateway.spec.listeners.some(({ allowedRoutes }) => {
    const { from, selector = {} } = allowedRoutes?.namespaces ?? {};
    if (from !== 'Selector') return false;
    const { known, isMore } = split(selector);
    return isMore && matchesSelector(known, world.namespaceLabels(namespace));
  });
}

/** Routes of which nobody can say whether their gateway takes them. */
export function* unknownLabels(world: World): Iterable<Gap> {
  for (const { namespace, spec, manifest } of routesOf(world)) {
    for (const [index, parent] of spec.parentRefs.entries()) {
      const gateway = world.find('EgressGateway', parent.namespace ?? namespace, parent.name);
      if (gateway === undefined || !dependsOnLabels(world, gateway, namespace)) continue;
      const message = `EgressGateway ${gateway.namespace}/${gateway.name} takes routes by labels of their namespace, and the labels of ${namespace} are not here`;
      const hint = `Add the manifest of Namespace ${namespace}.`;
      yield { manifest, path: ['spec', 'parentRefs', index], message, hint };
    }
  }
}

function valueAt(root: Json | undefined, path: Path): Json | undefined {
  let value = root;
  for (const part of path) {
    value = isList(value) ? value[Number(part)] : isObject(value) ? value[part] : undefined;
  }
  return value;
}

/** A pool changes nothing about what can be reached, and what is in another namespace is refused wherever it is. */
function matters({ manifest, path }: Found): boolean {
  if (path.at(-1) === 'workerPoolRef') return false;
  const reference = valueAt(manifest.value, path);
  const namespace = isObject(reference) ? reference['namespace'] : undefined;
  return namespace === undefined || namespace === manifest.namespace;
}

const elsewhere = 'Give the manifests of both repositories together, or correct the name.';

/** References to objects that are not here: another repository may hold them. */
export function* missingObjects(world: World): Iterable<Gap> {
  for (const found of unresolvedReference.check(world)) {
    if (matters(found)) yield { ...found, hint: elsewhere };
  }
  for (const { namespace, spec, manifest } of routesOf(world)) {
    for (const [index, { name, namespace: other = namespace }] of spec.parentRefs.entries()) {
      if (world.has('EgressGateway', other, name)) continue;
      const message = `EgressGateway ${other}/${name} is not in these manifests`;
      yield { manifest, path: ['spec', 'parentRefs', index], message, hint: elsewhere };
    }
  }
}

function isOurs({ apiVersion }: Manifest): boolean {
  return apiVersion.startsWith(`${apiGroup}/`);
}

/** The first object without a namespace; undefined when all have one. */
function withoutNamespace(manifests: readonly Manifest[]): Gap[] {
  const bare = manifests.filter((manifest) => isOurs(manifest) && manifest.namespace === undefined);
  const [manifest] = bare;
  if (manifest === undefined) return [];
  const others = bare.length === 1 ? '' : `, and ${bare.length - 1} more objects name none`;
  const message = `${manifest.kind} ${manifest.name} names no namespace${others}`;
  return [{ manifest, path: ['metadata'], message, hint: 'Say where it is applied: -n NAMESPACE.' }];
}

/** Objects without a namespace among such as have one: whether they belong together depends on who applies them. */
export function mixedNamespaces(manifests: readonly Manifest[]): Gap[] {
  const isMixed = manifests.some((manifest) => isOurs(manifest) && manifest.namespace !== undefined);
  return isMixed ? withoutNamespace(manifests) : [];
}

/** For answers that name agents by their namespace. */
export const missingNamespaces = withoutNamespace;
