/** A key set as a manifest has it: whether each of its keys can ever verify a token. */
import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { expect, test } from 'vitest';
import { hasUntriedKeys, maxKeyTries, parseKeySet } from '../../contract/index.ts';
import { documents, gateway, messages, object, pool } from '../policy/judge.ts';

const ec = (): JsonWebKey =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
const ed = (): JsonWebKey => generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
const times = <T>(count: number, make: (at: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => make(at));

test.each<[string, readonly JsonWebKey[], boolean]>([
  ['as many of one kind as are tried', times(maxKeyTries, ec), false],
  ['one more', times(maxKeyTries + 1, ec), true],
  ['one more, each with its name', times(maxKeyTries + 1, (at) => ({ ...ec(), kid: `k${at}` })), false],
  ['one more, one with a name', [...times(maxKeyTries, ec), { ...ec(), kid: 'k' }], false],
  ['as many of each of two kinds', [...times(maxKeyTries, ec), ...times(maxKeyTries, ed)], false],
])('keys without a name: %s', (_, keys, untried) => {
  const jwks = JSON.stringify({ keys });
  expect(hasUntriedKeys(parseKeySet(jwks) ?? [])).toBe(untried);
  const identity = { extractors: [{ type: 'JWT', jwt: { claim: 'sub', field: 'user', jwks } }] };
  const template = { spec: { image: 'r/a:1' } };
  const agent = object('TaskAgent', 'a', JSON.stringify({ workerPoolRef: 'p', template, identity }));
  const told = messages(documents(gateway, pool, agent), 'caller-extractor-unreadable');
  expect(told).toHaveLength(untried ? 1 : 0);
});
