/**
 * Is the other end of a connection the cluster's front proxy? Pure over certificates and a time. TLS has proved that it holds
 * the key; that the certificate is of the request-header CA, in time and for clients is asked here, of the CA as it is now,
 * so that a connection from before a rotation is judged like a new one.
 */
import { X509Certificate } from 'node:crypto';
import type { Peer } from './request-header.ts';

const clientAuth = '1.3.6.1.5.5.7.3.2';

/** Every certificate of a bundle that can be read. */
function certificatesOf(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.flatMap((block) => {
    try {
      return [new X509Certificate(block)];
    } catch {
      return [];
    }
  });
}

function isNow({ validFrom, validTo }: X509Certificate, nowMs: number): boolean {
  return Date.parse(validFrom) <= nowMs && nowMs <= Date.parse(validTo);
}

export function peerOf(raw: Uint8Array, caPem: string, nowMs: number): Peer {
  try {
    const leaf = new X509Certificate(raw);
    const commonName = /^CN=(.*)$/m.exec(leaf.subject)?.[1] ?? '';
    const isSigned = certificatesOf(caPem).some(
      (ca) => isNow(ca, nowMs) && leaf.checkIssued(ca) && leaf.verify(ca.publicKey),
    );
    const isForClients = (leaf.keyUsage as readonly string[] | undefined)?.includes(clientAuth) === true;
    return { isVerified: isSigned && isForClients && isNow(leaf, nowMs), commonName };
  } catch {
    return { isVerified: false, commonName: '' };
  }
}
