import fc from 'fast-check';
import { expect, test } from 'vitest';
import { registryAccess, type RegistryLogin } from '../../oci/registry-login.ts';

const login = (place: string, username = place): RegistryLogin => {
  const [host = '', ...path] = place.split('/');
  return {
    host,
    ...(path.length === 0 ? {} : { path: path.join('/') }),
    plainHttp: false,
    username,
    password: 'p',
  };
};

/** Whose logins are tried, in their order. */
function tried(reference: string, places: readonly string[]): readonly string[] {
  const access = registryAccess(
    reference,
    places.map((place) => login(place)),
  );
  return [access.credentials, ...(access.otherCredentials ?? [])].flatMap((each) => each?.username ?? []);
}

test.each<[reference: string, places: readonly string[], tried: readonly string[]]>([
  // Docker Hub is one registry under all its names.
  ['org/private:1', ['index.docker.io'], ['index.docker.io']],
  ['docker.io/org/private:1', ['registry-1.docker.io'], ['registry-1.docker.io']],
  ['index.docker.io/org/private', ['docker.io'], ['docker.io']],
  ['registry-1.docker.io/org/private', ['index.docker.io'], ['index.docker.io']],
  ['node', ['docker.io/library'], ['docker.io/library']],
  ['docker.io/node', ['docker.io/library/node'], ['docker.io/library/node']],
  ['org/private', ['docker.com', 'hub.docker.com', 'docker.io.example.com'], []],
  ['ghcr.io/org/private', ['docker.io'], []],
  // Paths: whole components, the longest first.
  ['org/private', ['docker.io', 'docker.io/org'], ['docker.io/org', 'docker.io']],
  ['org/private', ['docker.io/org/private', 'docker.io/org'], ['docker.io/org/private', 'docker.io/org']],
  ['organization/x', ['docker.io/org'], []],
  ['ghcr.io/a/b/c@sha256:' + 'a'.repeat(64), ['ghcr.io/a/b', 'ghcr.io/b'], ['ghcr.io/a/b']],
  ['ghcr.io/a/bc', ['ghcr.io/a/b'], []],
  // Ports are part of the host.
  ['r.example:5000/x', ['r.example'], []],
  ['r.example/x', ['r.example:5000'], []],
  ['r.example:5000/x', ['r.example:5000'], ['r.example:5000']],
  ['[::1]:5000/x', ['[::1]:5000'], ['[::1]:5000']],
  // Case says nothing in a host.
  ['R.Example/x', ['r.EXAMPLE'], ['r.EXAMPLE']],
  // Globs stay within a label.
  ['eu.gcr.io/x', ['*.gcr.io'], ['*.gcr.io']],
  ['gcr.io/x', ['*.gcr.io'], []],
  ['a.eu.gcr.io/x', ['*.gcr.io'], []],
  ['a.eu.gcr.io/x', ['*.*.gcr.io'], ['*.*.gcr.io']],
  ['eu.gcr.io/x', ['*'], []],
  [
    'eu.gcr.io/x',
    ['e?.gcr.io', '[a-e]u.gcr.io', '[^e]u.gcr.io', '[eu.gcr.io'],
    ['e?.gcr.io', '[a-e]u.gcr.io'],
  ],
  ['eu.gcr.io:444/x', ['*.gcr.io', '*.gcr.io:444'], ['*.gcr.io:444']],
  ['123.dkr.ecr.eu-1.amazonaws.com/x', ['*.dkr.ecr.*.amazonaws.com'], ['*.dkr.ecr.*.amazonaws.com']],
  ['eu.gcr.io/p/x', ['*.gcr.io', 'eu.gcr.io', '*.gcr.io/p'], ['*.gcr.io/p', 'eu.gcr.io', '*.gcr.io']],
  ['oci-layout:/images/x', ['*'], []],
])('the logins for %s among %j are %j', (reference, places, expected) => {
  expect(tried(reference, places)).toEqual(expected);
});

test('logins of one place are tried in their order, each once', () => {
  const logins = ['a', 'b', 'a'].map((name) => login('ghcr.io', name));
  expect(registryAccess('ghcr.io/x', logins)).toEqual({
    credentials: { username: 'a', password: 'p' },
    otherCredentials: [{ username: 'b', password: 'p' }],
  });
});

test('an identity token needs no password', () => {
  const logins = [{ host: 'r.example', plainHttp: false, identityToken: 't' }];
  expect(registryAccess('r.example/x', logins)).toEqual({
    credentials: { username: '', password: '', identityToken: 't' },
  });
});

test('plain HTTP is for the very host that was named, with the logins it has', () => {
  const plain = { host: 'r.example:5000', plainHttp: true };
  expect(registryAccess('r.example:5000/x', [plain, login('r.example:5000')])).toEqual({
    plainHttp: true,
    credentials: { username: 'r.example:5000', password: 'p' },
  });
  expect(registryAccess('r.example/x', [plain])).toEqual({});
  expect(registryAccess('s.example:5000/x', [{ host: '*.example:5000', plainHttp: true }])).toEqual({});
});

test('a label without a glob matches itself alone, and * everything of one label', () => {
  const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
  fc.assert(
    fc.property(label, label, (own, other) => {
      expect(tried(`${own}.example.com/x`, [`${other}.example.com`]).length).toBe(own === other ? 1 : 0);
      expect(tried(`${own}.example.com/x`, ['*.example.com'])).toHaveLength(1);
      expect(tried(`${own}.example.com/x`, [`${own.slice(0, 1)}*.example.com`])).toHaveLength(1);
    }),
  );
});

test('a hostile pattern costs no more than its length times the name', () => {
  const pattern = `${'*a'.repeat(100)}b.example.com`;
  const reference = `${'a'.repeat(63)}.example.com/x`;
  for (let round = 0; round < 2000; round++) expect(tried(reference, [pattern])).toEqual([]);
});
