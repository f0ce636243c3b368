/** The tables of what is never open, in constructs/, api/ and contract/, agree. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { problemOfCidr, problemOfHost } from '../../constructs/never-open.ts';
import { neverOpenCidrs as admission, parseIp, reservedReason } from '../../contract/index.ts';

function reserved(ip: string): boolean {
  const address = parseIp(ip);
  return address === undefined || reservedReason(address) !== undefined;
}

describe('S52: what data planes never open', () => {
  test('every IPv4 address is judged as in the data plane', () => {
    const interesting = admission.flatMap((cidr) => (cidr.includes(':') ? [] : [cidr.split('/')[0] ?? '']));
    const ip = fc.oneof(
      fc.constantFrom(...interesting),
      fc.ipV4(),
      fc.tuple(fc.constantFrom(0, 100, 127, 168, 169, 198, 224, 240), fc.ipV4()).map(([first, rest]) => {
        return `${first}.${rest.split('.').slice(1).join('.')}`;
      }),
    );
    fc.assert(
      fc.property(ip, (address) => {
        expect(problemOfCidr(`${address}/32`) !== undefined).toBe(reserved(address));
      }),
      { numRuns: 2_000 },
    );
  });

  test.each(['::', '::1', 'fd00:ec2::254', 'fe80::1', 'ff02::1', '2001:db8::1', 'fd00:ec2::253', 'fd12::1'])(
    'IPv6 address %s is judged as in the data plane',
    (address) => {
      expect(problemOfCidr(`${address}/128`) !== undefined).toBe(reserved(address));
    },
  );

  test.each(['0.0.0.0/0', '::/0', '128.0.0.0/1', '10.0.0.0/8'])(
    '%s is wider, so it may be written',
    (cidr) => {
      expect(problemOfCidr(cidr)).toBeUndefined();
    },
  );

  test.each(['10.0.0.0', '10.0.0.0/33', '::/129', '::ffff:10.0.0.0/104', '010.0.0.1/32', 'x/8', '/8', ''])(
    'S4: %j is not a CIDR',
    (cidr) => {
      expect(problemOfCidr(cidr)).toBe(`"${cidr}" is not a CIDR`);
    },
  );

  test.each([
    '10.0.0.1',
    '127.1',
    '0x7f.0x1',
    '*.1.1',
    'metadata.google.internal',
    '*.google.internal',
    'a.localhost',
  ])('S25: host %s is refused', (host) => {
    expect(problemOfHost(host)).toContain(`"${host}"`);
  });

  test.each(['api.example.com', '*.example.com', 'a1.b2.c3', '1.example.com', 'google.internal.example.com'])(
    'S21: host %s may be written',
    (host) => {
      expect(problemOfHost(host)).toBeUndefined();
    },
  );
});
