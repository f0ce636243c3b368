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

export function* destinationRanges(world: World): Iterable<DestinationRange> {
  for (const { manifest, spec } of world.own('EgressL4Route')) {
    for (const [rule, { matches = [] }] of spec.rules.entries()) {
      for (const [match, { destinationCIDRs = [] }] of matches.entries()) {
        for (const [index, text] of destinationCIDRs.entries()) {
          const cidr = parseCidr(text);
          const path = ['spec', 'rules', rule, 'matches', match, 'destinationCIDRs', index];
          if (cidr !== undefined) yield { manifest, path, text, cidr };
        }
      }
    }
  }
}
