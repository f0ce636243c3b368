/** Whose certificate it is: made with real authorities, judged at a given time. */
import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createCa, issueLeaf } from '../../../pki/index.ts';
import { peerOf } from '../../../telemetry/aggregated/peer-certificate.ts';

const ca = createCa({ commonName: 'front-proxy-ca', years: 1 });
const other = createCa({ commonName: 'front-proxy-ca', years: 1 });

function leaf(from = ca, usage: 'client' | 'server' | 'both' = 'client'): Uint8Array {
  const options = { commonName: 'front-proxy-client', dnsNames: [], ips: [], ttlMs: 60_000 };
  return new X509Certificate(issueLeaf({ ca: from, usage, ...options }).certificatePem).raw;
}

/** As the CA would have signed it, but for one bit of the signature. */
function forged(): Uint8Array {
  const bytes = Buffer.from(leaf());
  const last = bytes.length - 1;
  bytes[last] = (bytes[last] ?? 0) ^ 1;
  return bytes;
}

describe('a certificate', () => {
  test('of the CA, for clients, in time', () => {
    const good = { isVerified: true, commonName: 'front-proxy-client' };
    expect(peerOf(leaf(), ca.certificatePem, Date.now())).toEqual(good);
    expect(peerOf(leaf(ca, 'both'), ca.certificatePem, Date.now())).toEqual(good);
    // A bundle: the CA of today and that of yesterday.
    expect(peerOf(leaf(), `${other.certificatePem}${ca.certificatePem}`, Date.now())).toEqual(good);
  });

  test.each([
    ['of another CA with the same name', leaf(other), ca.certificatePem, 0],
    ["with a signature that is not the CA's", forged(), ca.certificatePem, 0],
    ['for servers', leaf(ca, 'server'), ca.certificatePem, 0],
    ['out of time', leaf(), ca.certificatePem, 120_000],
    ['before its time', leaf(), ca.certificatePem, -3600_000],
    ['of a CA nobody named', leaf(), '', 0],
    [
      'of a bundle that cannot be read',
      leaf(),
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----',
      0,
    ],
    ['that is none', Buffer.from('x'), ca.certificatePem, 0],
    ['that signed itself', new X509Certificate(other.certificatePem).raw, ca.certificatePem, 0],
  ])('%s is nobody', (_, raw, bundle, laterMs) => {
    expect(peerOf(raw, bundle, Date.now() + laterMs).isVerified).toBe(false);
  });
});
