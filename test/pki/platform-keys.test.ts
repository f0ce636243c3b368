import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { platformAuthKeys, type PlatformIdentity } from '../../contract/index.ts';
import { PlatformKeys } from '../../pki/index.ts';

const pool: PlatformIdentity = { role: 'worker', namespace: 'team-a', name: 'main', uid: 'u-1' };

test('the same root gives the same identities, so that a config changes only when a right does', () => {
  const root = randomBytes(32);
  const [one, two] = [new PlatformKeys(root), new PlatformKeys(root)];
  expect(two.natsUser(pool)).toEqual(one.natsUser(pool));
  expect(two.natsTrust()).toEqual(one.natsTrust());
  expect(two.id).toBe(one.id);
  const other = new PlatformKeys(randomBytes(32));
  expect(other.natsUser(pool).seed).not.toBe(one.natsUser(pool).seed);
  expect(other.id).not.toBe(one.id);
});

test('S57: every pool, gateway and role is somebody else, a namesake made later too', () => {
  const keys = new PlatformKeys(randomBytes(32));
  const identities: PlatformIdentity[] = [
    pool,
    { ...pool, uid: 'u-2' },
    { ...pool, namespace: 'team-b' },
    { ...pool, name: 'other' },
    { ...pool, role: 'egress' },
    { role: 'operator' },
    { role: 'ingress' },
    { role: 'telemetry' },
  ];
  expect(new Set(identities.map((each) => keys.natsUser(each).seed)).size).toBe(identities.length);
  expect(new Set(identities.map((each) => keys.otlpToken(each))).size).toBe(identities.length);
});

test('S57: what telemetry is given holds neither the root nor anybody else’s key', () => {
  const root = randomBytes(32);
  const keys = new PlatformKeys(root);
  const files = keys.telemetryFiles();
  expect(Object.keys(files).toSorted()).toEqual(
    [platformAuthKeys.natsJwt, platformAuthKeys.natsSeed, platformAuthKeys.otlpKey].toSorted(),
  );
  const text = JSON.stringify(files);
  for (const secret of [root.toString('base64'), root.toString('base64url'), keys.natsUser(pool).seed]) {
    expect(text).not.toContain(secret);
  }
  expect(JSON.stringify(keys)).not.toContain(root.toString('base64'));
});
