/** A wildcard over a public suffix. */
import { parse } from 'tldts';
import type { Found, Rule } from '../rule.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { Path } from '../manifest/path.ts';

function* judge(manifest: Manifest, path: Path, names: readonly string[] | undefined): Iterable<Found> {
  for (const [index, name] of (names ?? []).entries()) {
    if (!name.startsWith('*.')) continue;
    const below = name.slice(2).toLowerCase();
    const { publicSuffix } = parse(below, { allowPrivateDomains: true });
    if (publicSuffix !== below) continue;
    const message = `"${name}" covers everyone who registers a name below ${below}`;
    yield { manifest, path: [...path, index], message };
  }
}

export const wildcardPublicSuffix: Rule = {
  id: 'wildcard-public-suffix',
  severity: 'error',
  title: 'A wildcard over a public suffix',
  why: 'Names below a public suffix (co.uk, github.io, s3.amazonaws.com) belong to whoever registers one: an agent that may reach all of them may send your data to anyone.',
  fix: 'Name the hosts, or a wildcard below a domain that is yours or your supplier’s.',
  promises: ['S21'],
  *check(world) {
    for (const { manifest, spec } of world.own('EgressL4Route')) {
      for (const [rule, { matches = [] }] of spec.rules.entries()) {
        for (const [match, { destinationHostnames }] of matches.entries()) {
          const path = ['spec', 'rules', rule, 'matches', match, 'destinationHostnames'];
          yield* judge(manifest, path, destinationHostnames);
        }
      }
    }
    for (const { manifest, spec } of [...world.own('MCPRoute'), ...world.own('EgressHTTPRoute')])
      yield* judge(manifest, ['spec', 'hostnames'], spec.hostnames);
  },
};
