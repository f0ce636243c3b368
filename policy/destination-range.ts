/**
 * The CIDRs that manifests open, each with its place, and how much of the internet a list of them is. The rules judge
 * them; none of them parses a CIDR itself. A route that an EgressDenyPolicy targets opens nothing and is not here.
 */
import {
  cidrHoldsCidr,
  cidrsOverlap,
  neverOpenCidrs,
  parseCidr,
  privateCidrs,
  type Cidr,
} from '../contract/index.ts';
import type { Manifest } from './manifest/manifest.ts';
import type { Path } from './manifest/path.ts';
import type { Item, World } from './world.ts';

export interface DestinationRange {
  readonly manifest: Manifest;
  readonly path: Path;
  readonly text: string;
  readonly cidr: Cidr;
}

function rangesOf({ manifest, spec }: Item<'EgressL4Route'>): DestinationRange[] {
  return spec.rules.flatMap(({ matches = [] }, rule) =>
    matches.flatMap(({ destinationCIDRs = [] }, match) =>
      destinationCIDRs.flatMap((text, index) => {
        const cidr = parseCidr(text);
        const path = ['spec', 'rules', rule, 'matches', match, 'destinationCIDRs', index];
        return cidr === undefined ? [] : [{ manifest, path, text, cidr }];
      }),
    ),
  );
}

/** Does an EgressDenyPolicy target the route? Then it opens nothing. */
export function isDenied(
  world: World,
  { kind, namespace, name }: Pick<Item, 'kind' | 'namespace' | 'name'>,
): boolean {
  return world
    .all('EgressDenyPolicy')
    .some(
      (policy) =>
        policy.namespace === namespace &&
        policy.spec.targetRefs.some((ref) => ref.kind === kind && ref.name === name),
    );
}

/** One list a route: what it opens, it opens together. */
export function rangeLists(
  world: World,
  routes: ReadonlyArray<Item<'EgressL4Route'>> = world.own('EgressL4Route'),
): DestinationRange[][] {
  return routes.filter((route) => !isDenied(world, route)).map(rangesOf);
}

export function destinationRanges(world: World): DestinationRange[] {
  return rangeLists(world).flat();
}

const inside = [...neverOpenCidrs, ...privateCidrs].flatMap((text) => parseCidr(text) ?? []);

/** Addresses of a CIDR, by its length. */
export function sizeOf({ family, prefix }: Pick<Cidr, 'family' | 'prefix'>): bigint {
  return 1n << BigInt((family === 4 ? 32 : 128) - prefix);
}

/** Those that no other of the list holds, each once. */
function outermost(cidrs: readonly Cidr[]): Cidr[] {
  const sorted = [...cidrs].sort((a, b) => a.prefix - b.prefix);
  return sorted.filter((cidr, index) => !sorted.slice(0, index).some((wide) => cidrHoldsCidr(wide, cidr)));
}

/** How many public addresses of a family the list opens; what is private or never open does not count. */
export function publicSize(cidrs: readonly Cidr[], family: Cidr['family']): bigint {
  const own = outermost(cidrs.filter((cidr) => cidr.family === family));
  return own.reduce((sum, cidr) => {
    if (inside.some((each) => cidrHoldsCidr(each, cidr))) return sum;
    const closed = outermost(inside.filter((each) => cidrHoldsCidr(cidr, each)));
    return sum + sizeOf(cidr) - closed.reduce((all, each) => all + sizeOf(each), 0n);
  }, 0n);
}

const privateRanges = privateCidrs.flatMap((text) => {
  const cidr = parseCidr(text);
  return cidr === undefined ? [] : [{ text, cidr }];
});

/** The private ranges, as text, that a CIDR is in or holds a part of. */
export function privateIn(cidr: Cidr): string[] {
  return privateRanges.filter((each) => cidrsOverlap(each.cidr, cidr)).map(({ text }) => text);
}

/** CEL over an EgressL4Route: `condition` holds for each of its destination CIDRs, `c`. */
export function everyCidr(condition: string): string {
  return `object.spec.rules.all(r, !has(r.matches) || r.matches.all(m, !has(m.destinationCIDRs) || m.destinationCIDRs.all(c, ${condition})))`;
}

/** CEL over an EgressL4Route: the sum of `value` over its destination CIDRs, `c`. */
export function sumOverCidrs(value: string): string {
  return `object.spec.rules.map(r, !has(r.matches) ? 0 : r.matches.map(m, !has(m.destinationCIDRs) ? 0 : m.destinationCIDRs.map(c, ${value}).sum()).sum()).sum()`;
}

/** CEL: a list of texts. */
export function celList(texts: readonly string[]): string {
  return JSON.stringify(texts).replaceAll('"', "'");
}
