import { expect, it } from 'vitest';
import { createCredentials } from '../../../local/control-plane/credentials.ts';
import { systemObjects } from '../../../local/dev/install.ts';
import { computeSubnet } from '../../../local/subnet.ts';

it('gives the roles’ credentials as a Secret, settings as a ConfigMap, and no token of the API server', () => {
  let count = 0;
  const credentials = createCredentials(() => Buffer.alloc(32, (count += 1)).toString('base64url'));
  const subnet = computeSubnet('198.51.100.0/24');
  const objects = systemObjects({
    root: '/',
    credentials,
    platformCa: { certificatePem: 'ca', privateKeyPem: 'ca key' },
    natsUrl: 'nats://127.0.0.1:1',
    subnet,
    registryPort: 5100,
  });
  expect(objects.map(({ kind, metadata }) => `${kind ?? ''} ${metadata.name}`)).toEqual([
    'Namespace clrk-system',
    'Secret clrk-platform-keys',
    'Secret clrk-platform-auth',
    'Secret clrk-control-plane-ca',
    'ConfigMap clrk-platform',
  ]);
  const auth = objects.find(({ metadata }) => metadata.name === 'clrk-platform-auth');
  // It is mounted by telemetry.
  expect(JSON.stringify(auth)).not.toContain(Buffer.from(credentials.root).toString('base64'));
  const text = JSON.stringify(objects);
  for (const token of Object.values(credentials.api))
    expect(text).not.toContain(Buffer.from(token).toString('base64'));
  expect(text).toContain('198.51.100.0/25,198.51.100.128/26');
  expect(text).toContain('localhost:5100');
});
