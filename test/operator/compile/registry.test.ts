import { expect, test } from 'vitest';
import { registryAccess } from '../../../oci/index.ts';
import { compileRegistries } from '../../../operator/compile/registry.ts';
import type { WorkerPool } from '../../../operator/kind.ts';
import type { World } from '../../../operator/runtime/index.ts';

type Data = Readonly<Record<string, string>>;
const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** A pool with these pull secrets, and the world that has them. */
function compiled(secrets: readonly Data[], insecure: readonly string[] = []) {
  const imagePullSecrets = [...secrets.keys()].map((index) => ({ name: `s${index}` }));
  const pool = { metadata: { namespace: 'team' }, spec: { template: { imagePullSecrets } } };
  const world: World = {
    get: (_kind, namespace, name) => {
      const data = namespace === 'team' ? secrets[Number(name.slice(1))] : undefined;
      const encoded = Object.entries(data ?? {}).map(([key, text]) => [key, base64(text)]);
      return { data: Object.fromEntries(encoded) } as never;
    },
    list: () => [],
  };
  return compileRegistries(world, pool as unknown as WorkerPool, insecure);
}

const config = (auths: unknown): Data => ({ '.dockerconfigjson': JSON.stringify({ auths }) });
const mine = { auth: base64('me:pass:word') };
const login = { plainHttp: false, username: 'me', password: 'pass:word' };

test.each<[key: string, place: object | undefined]>([
  ['https://index.docker.io/v1/', { host: 'index.docker.io' }],
  ['https://index.docker.io/v1', { host: 'index.docker.io' }],
  ['index.docker.io/v1/', { host: 'index.docker.io' }],
  ['http://registry-1.docker.io/v2/', { host: 'registry-1.docker.io' }],
  ['docker.io', { host: 'docker.io' }],
  ['docker.io/org', { host: 'docker.io', path: 'org' }],
  ['https://index.docker.io/v1/org/', { host: 'index.docker.io', path: 'org' }],
  ['HTTPS://ghcr.io//org//team', { host: 'ghcr.io', path: 'org/team' }],
  ['r.example:5000', { host: 'r.example:5000' }],
  ['*.gcr.io', { host: '*.gcr.io' }],
  ['v1.example.com', { host: 'v1.example.com' }],
  ['', undefined],
  ['https://', undefined],
])('the key %j is for %j', (key, place) => {
  expect(compiled([config({ [key]: mine })])).toEqual(place === undefined ? [] : [{ ...place, ...login }]);
});

test.each<[entry: unknown, login: object | undefined]>([
  [
    { username: 'u', password: 'p' },
    { username: 'u', password: 'p' },
  ],
  [
    { username: 'u', password: '' },
    { username: 'u', password: '' },
  ],
  [mine, { username: 'me', password: 'pass:word' }],
  // `auth` is taken first, with padding or without.
  [
    { ...mine, username: 'old', password: 'old' },
    { username: 'me', password: 'pass:word' },
  ],
  [{ auth: base64('ab:c').replace(/=+$/, '') }, { username: 'ab', password: 'c' }],
  [
    { auth: '', username: 'u', password: 'p' },
    { username: 'u', password: 'p' },
  ],
  [
    { auth: base64('<token>:'), identitytoken: 't' },
    { username: '<token>', password: '', identityToken: 't' },
  ],
  [{ identitytoken: 't' }, { identityToken: 't' }],
  [{ auth: base64('no colon') }, undefined],
  [{ auth: 7, username: ['u'], password: 'p' }, undefined],
  [{ username: 'u' }, undefined],
  [{ identitytoken: '' }, undefined],
  [{}, undefined],
  [null, undefined],
  ['text', undefined],
  [[null], undefined],
])('the entry %j is the login %j', (entry, expected) => {
  const place = { host: 'r.example', plainHttp: false };
  expect(compiled([config({ 'r.example': entry })])).toEqual(
    expected === undefined ? [] : [{ ...place, ...expected }],
  );
});

test.each(['', 'null', '[]', '7', '{', '{"auths":null}', '{"auths":[null]}', '{"auths":"x"}'])(
  'a document %j has no logins and harms no other',
  (text) => {
    const broken = { '.dockerconfigjson': text, '.dockercfg': text };
    expect(compiled([broken, config({ 'r.example': mine })])).toEqual([{ host: 'r.example', ...login }]);
  },
);

test('an old .dockercfg, and several secrets for one host, in their order', () => {
  const other = { username: 'other', password: 'p' };
  const secrets = [{ '.dockercfg': JSON.stringify({ 'r.example': other }) }, config({ 'r.example': mine })];
  expect(compiled(secrets)).toEqual([
    { host: 'r.example', plainHttp: false, ...other },
    { host: 'r.example', ...login },
  ]);
});

test('a host of the installation without TLS keeps its logins', () => {
  const registries = compiled([config({ 'r.example:5000': mine })], ['r.example:5000']);
  expect(registryAccess('r.example:5000/x', registries)).toEqual({
    plainHttp: true,
    credentials: { username: 'me', password: 'pass:word' },
  });
});

test.each(['https://index.docker.io/v1/', 'docker.io', 'index.docker.io', 'https://registry-1.docker.io'])(
  'a secret for %s is used for Docker Hub however the image spells it',
  (key) => {
    const registries = compiled([config({ [key]: mine })]);
    const spellings = ['org/private:1', 'docker.io/org/private', 'index.docker.io/org/private:1'];
    for (const image of spellings)
      expect(registryAccess(image, registries).credentials).toEqual({
        username: 'me',
        password: 'pass:word',
      });
    expect(registryAccess('ghcr.io/org/private', registries)).toEqual({});
  },
);
