/** Certificate authorities: self-signed, ECDSA P-256, path length 0. Keys are returned, never written or logged. */
import { generateKeyPairSync } from 'node:crypto';
import { caConstraints, keyUsage, signCertificate } from './certificate.ts';

export interface CertificateAndKey {
  readonly certificatePem: string;
  /** PKCS #8. */
  readonly privateKeyPem: string;
}

export interface CaOptions {
  readonly commonName: string;
  readonly years: number;
}

// Clocks of agents and gateways differ; the original backdates by five minutes.
export const backdateMs = 5 * 60 * 1000;
const yearMs = 365.25 * 24 * 60 * 60 * 1000;

export function createCa(options: CaOptions): CertificateAndKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const now = Date.now();
  const certificatePem = signCertificate({
    subject: options.commonName,
    issuer: options.commonName,
    notBefore: new Date(now - backdateMs),
    notAfter: new Date(now + options.years * yearMs),
    publicKey,
    issuerKey: privateKey,
    issuerPublicKey: publicKey,
    extensions: [caConstraints(), keyUsage('ca')],
  });
  return { certificatePem, privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}
