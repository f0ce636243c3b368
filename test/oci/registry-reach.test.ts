import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nearness, nearnessOf, RegistryReach } from '../../oci/registry-reach.ts';

const sample = {
  public: '203.0.113.9',
  private: '10.0.0.9',
  loopback: '127.0.0.1',
  never: '169.254.169.254',
};

test.each([
  ['8.8.8.8', 'public'],
  ['10.1.2.3', 'private'],
  ['100.64.0.1', 'private'],
  ['fd00::1', 'private'],
  ['::1', 'loopback'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['169.254.1.1', 'never'],
  ['fd00:ec2::254', 'never'],
  ['224.0.0.1', 'never'],
  ['not an address', 'never'],
])('%s is %s', (address, near) => {
  expect(nearnessOf(address)).toBe(near);
});

test('what a registry names is never nearer than the registry', () => {
  const kind = fc.constantFrom(...nearness);
  fc.assert(
    fc.property(kind, kind, (own, named) => {
      const reach = new RegistryReach('reg.example');
      expect(reach.mayReach('reg.example', sample[own])).toBe(true);
      const allowed = nearness.indexOf(named) <= nearness.indexOf(own);
      expect(reach.mayReach('cdn.example', sample[named])).toBe(allowed);
    }),
  );
});

test('before the registry was reached only public addresses are', () => {
  const reach = new RegistryReach('reg.example');
  expect(reach.mayReach('cdn.example', sample.private)).toBe(false);
  expect(reach.mayReach('cdn.example', sample.public)).toBe(true);
});
