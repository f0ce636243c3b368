/**
 * Whose routes may attach to a gateway: its own namespace's, or others' that its owner names. Apart from the listener, which
 * carries it: what the choices come to is one question. It must never take what it cannot judge for allowed.
 */
import type { EgressGatewaySpec } from '../api/index.ts';

/**
 * Namespaces of routes: `Same` is the gateway's own, a list names others besides it, a record is the labels they must have,
 * the gateway's own too. To attach is to open: whoever may write routes there decides what the gateway's agents reach.
 */
export type RoutesFrom = 'Same' | 'All' | readonly string[] | Readonly<Record<string, string>>;

type AllowedRoutes = NonNullable<EgressGatewaySpec['listeners'][number]['allowedRoutes']>;
type Namespaces = NonNullable<AllowedRoutes['namespaces']>;

/** The API server sets it on every namespace. */
const nameLabel = 'kubernetes.io/metadata.name';
const namespacePattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
// The CRD's own bound, less the gateway's own namespace.
const maxNames = 31;

function isList(from: RoutesFrom): from is readonly string[] {
  return Array.isArray(from);
}

/** @internal As a listener's manifest has it, for a gateway in `own`; undefined: nothing is written. */
export function namespacesSpec(from: RoutesFrom, own: string | undefined): Namespaces | undefined {
  if (from === 'Same') return undefined;
  if (from === 'All') return { from };
  if (!isList(from)) return { from: 'Selector', selector: { matchLabels: { ...from } } };
  // A selector that does not select the gateway's own namespace would shut out its own routes.
  const values = [...new Set([...(own === undefined ? [] : [own]), ...from])];
  return { from: 'Selector', selector: { matchExpressions: [{ key: nameLabel, operator: 'In', values }] } };
}

/** @internal Names are told apart from the gateway's own only where that is known. */
export function needsOwnNamespace(from: RoutesFrom): boolean {
  return isList(from);
}

/** @internal */
export function problemOfRoutesFrom(from: RoutesFrom): string | undefined {
  if (typeof from === 'string') return undefined;
  if (!isList(from)) {
    return Object.keys(from).length > 0 ? undefined : "routesFrom without labels is 'All'; say so";
  }
  if (from.length === 0) return 'routesFrom names no namespace; leave it out';
  if (from.length > maxNames)
    return `routesFrom names ${from.length} namespaces, at most ${maxNames} fit; use labels`;
  const wrong = from.find((name) => !namespacePattern.test(name));
  return wrong === undefined ? undefined : `"${wrong}" is not the name of a namespace`;
}

/** @internal Both together; undefined when no manifest says that. */
export function joinRoutesFrom(one: RoutesFrom, other: RoutesFrom): RoutesFrom | undefined {
  if (one === 'Same' || one === other) return other;
  if (one === 'All' || other === 'All') return 'All';
  return isList(one) && isList(other) ? [...new Set([...one, ...other])] : undefined;
}

/** @internal False only when it is certain: labels of namespaces are the cluster's. */
export function mayComeFrom(from: RoutesFrom, namespace: string, own: string): boolean {
  if (from === 'All') return true;
  if (from === 'Same') return namespace === own;
  if (isList(from)) return namespace === own || from.includes(namespace);
  const name = from[nameLabel];
  return name === undefined || name === namespace;
}
