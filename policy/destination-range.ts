/** The CIDRs that manifests open, each with its place. Three rules judge them; none of them parses a CIDR itself. */
import { parseCidr, type Cidr } from '../contract/index.ts';
import type { Manifest } from './manifest/manifest.ts';
import type { Path } from './manifest/path.ts';
import type { World } from './world.ts';

export interface DestinationRange {
  readonly manifest: Manifest;
  readonly path: Path;
  readonly text: string;
  readonly cidr: Cidr;
}

export function destinationRanges(world: World): DestinationRange[] {
  return world.own('EgressL4Route').flatMap(({ manifest, spec }) =>
    spec.rules.flatMap(({ matches = [] }, rule) =>
      matches.flatMap(({ destinationCIDRs = [] }, match) =>
        destinationCIDRs.flatMap((text, index) => {
          const cidr = parseCidr(text);
          const path = ['spec', 'rules', rule, 'matches', match, 'destinationCIDRs', index];
          return cidr === undefined ? [] : [{ manifest, path, text, cidr }];
        }),
      ),
    ),
  );
}

/** CEL over an EgressL4Route: `condition` holds for each of its destination CIDRs, `c`. */
export function everyCidr(condition: string): string {
  return `object.spec.rules.all(r, !has(r.matches) || r.matches.all(m, !has(m.destinationCIDRs) || m.destinationCIDRs.all(c, ${condition})))`;
}
