/** An extractor of callers' identity that finds nothing, whoever calls, or nothing of some callers. */
import { hasUntriedKeys, maxKeyTries, parseJsonPath, parseKeySet } from '../../contract/index.ts';
import type { Rule } from '../rule.ts';
import type { Item } from '../world.ts';

type Extractor = NonNullable<Item<'TaskAgent'>['spec']['identity']>['extractors'][number];

function problemOf({ body, jwt }: Extractor): readonly [place: string, message: string] | undefined {
  if (body !== undefined && parseJsonPath(body.jsonPath) === undefined) {
    return ['body', 'jsonPath names no single place: write names and indexes, such as $.event.user.id'];
  }
  if (jwt?.jwks === undefined) return undefined;
  const keys = parseKeySet(jwt.jwks);
  const none =
    'jwks holds no public key that can be used (RSA of 2048 bits, P-256, Ed25519): no token counts';
  if (keys === undefined) return ['jwt', none];
  if (!hasUntriedKeys(keys)) return undefined;
  return [
    'jwt',
    `jwks has more than ${maxKeyTries} keys of one kind without kid: a token is tried with ${maxKeyTries}`,
  ];
}

export const callerExtractorUnreadable: Rule = {
  id: 'caller-extractor-unreadable',
  severity: 'error',
  title: 'An extractor that finds nothing, whoever calls or of some callers',
  why: 'The field is unknown in every record. A JSON path with wildcards, filters or recursion names several places; a key set without a public key that can be used verifies no token; of several keys of one kind without kid four are tried.',
  fix: 'Name one place in the body, and write the issuer’s public keys as a JSON Web Key Set, each with its kid.',
  *check(world) {
    for (const { manifest, spec } of world.own('TaskAgent')) {
      for (const [index, extractor] of (spec.identity?.extractors ?? []).entries()) {
        const [place, message] = problemOf(extractor) ?? [];
        if (place === undefined || message === undefined) continue;
        yield { manifest, path: ['spec', 'identity', 'extractors', index, place], message };
      }
    }
  },
};
