/** When a certificate of ours must be issued anew. Pure: PEM text and the time go in. */
import { X509Certificate } from 'node:crypto';

/** Leaves of the control plane live 90 days and are renewed in their last third. */
export const leafTtlMs = 90 * 24 * 60 * 60_000;
const renewBeforeMs = leafTtlMs / 3;

export interface CertificateState {
  /** Absent, unreadable, of another CA, or in its last third. */
  readonly needsIssue: boolean;
  /** When to look again; meaningless when `needsIssue`. */
  readonly renewAt: number;
}

export function certificateState(pem: string | undefined, caPem: string, now: number): CertificateState {
  if (pem === undefined) return { needsIssue: true, renewAt: now };
  try {
    const certificate = new X509Certificate(pem);
    const ca = new X509Certificate(caPem);
    const renewAt = Date.parse(certificate.validTo) - renewBeforeMs;
    const valid = certificate.checkIssued(ca) && certificate.verify(ca.publicKey);
    return { needsIssue: !valid || now >= renewAt, renewAt };
  } catch {
    return { needsIssue: true, renewAt: now };
  }
}
