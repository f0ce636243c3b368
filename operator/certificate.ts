/** When a certificate of ours must be issued anew, and the issuing. Times are milliseconds. */
import { X509Certificate } from 'node:crypto';
import { issueLeaf, type CertificateAndKey, type LeafOptions } from '../pki/index.ts';

/** Leaves of the control plane live 90 days and are renewed in their last 30. */
export const leafTtlMs = 90 * 24 * 60 * 60_000;
const renewBeforeMs = leafTtlMs / 3;

export type LeafNames = Pick<LeafOptions, 'dnsNames' | 'ips' | 'uris'>;

export interface CertificateState {
  /** Absent, unreadable, of another CA, for other names, or in its last third. */
  readonly needsIssue: boolean;
  /** When to look again; meaningless when `needsIssue`. */
  readonly renewAt: number;
}

/** Pure: PEM text, the names it must carry and the time go in. */
export function certificateState(
  pem: string | undefined,
  caPem: string,
  names: LeafNames,
  now: number,
): CertificateState {
  if (pem === undefined) return { needsIssue: true, renewAt: now };
  try {
    const certificate = new X509Certificate(pem);
    const ca = new X509Certificate(caPem);
    const renewAt = Date.parse(certificate.validTo) - renewBeforeMs;
    const valid = certificate.checkIssued(ca) && certificate.verify(ca.publicKey);
    return { needsIssue: !valid || !carries(certificate, names) || now >= renewAt, renewAt };
  } catch {
    return { needsIssue: true, renewAt: now };
  }
}

function carries(certificate: X509Certificate, { dnsNames, ips, uris = [] }: LeafNames): boolean {
  const wanted = [
    ...dnsNames.map((name) => `DNS:${name}`),
    ...ips.map((ip) => `IP Address:${ip}`),
    ...uris.map((uri) => `URI:${uri}`),
  ];
  const carried = (certificate.subjectAltName ?? '').split(', ').filter((name) => name !== '');
  return wanted.length === carried.length && wanted.every((name) => carried.includes(name));
}

export interface LeafWish extends LeafNames {
  readonly commonName: string;
  readonly usage: LeafOptions['usage'];
  /** Default `leafTtlMs`. */
  readonly ttlMs?: number;
}

export interface CurrentLeaf extends CertificateAndKey {
  readonly isNew: boolean;
  readonly renewAt: number;
}

/** The certificate there is while it will do, else a new one. */
export function currentLeaf(
  ca: CertificateAndKey,
  wish: LeafWish,
  observed: { readonly certificatePem: string | undefined; readonly privateKeyPem: string | undefined },
  now: number,
): CurrentLeaf {
  const { certificatePem, privateKeyPem } = observed;
  const state = certificateState(certificatePem, ca.certificatePem, wish, now);
  if (!state.needsIssue && certificatePem !== undefined && privateKeyPem) {
    return { certificatePem, privateKeyPem, isNew: false, renewAt: state.renewAt };
  }
  const leaf = issueLeaf({ ca, ttlMs: leafTtlMs, ...wish });
  return { ...leaf, isNew: true, renewAt: now + (wish.ttlMs ?? leafTtlMs) - renewBeforeMs };
}
