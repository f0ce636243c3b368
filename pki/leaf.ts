/** Leaf certificates from a CA of `ca.ts`: for the platform's own mTLS and for the names the gateway answers for. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  X509Certificate,
  type KeyObject,
} from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { backdateMs, type CertificateAndKey } from './ca.ts';
import {
  extendedKeyUsage,
  extendedUsage,
  keyUsage,
  leafConstraints,
  signCertificate,
  subjectAltName,
} from './certificate.ts';

export interface LeafOptions {
  readonly ca: CertificateAndKey;
  readonly commonName: string;
  readonly dnsNames: readonly string[];
  readonly ips: readonly string[];
  /** Names of identities, e.g. `clrk://pool/<namespace>/<name>`. */
  readonly uris?: readonly string[];
  /** From now; a negative one makes an expired certificate (tests). */
  readonly ttlMs: number;
  readonly usage: 'server' | 'client' | 'both';
  /** An existing P-256 pair; absent: a new one. The gateway shares one over its leaves. */
  readonly keyPair?: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
}

interface Issuer {
  readonly key: KeyObject;
  readonly publicKey: KeyObject;
  readonly commonName: string;
}

// Parsing the CA costs more than signing a leaf; a process speaks for a handful of CAs. Keyed by certificate AND key:
// the PEM of another CA must never be signed with this one's key.
const issuers = new LRUCache<string, Issuer>({ max: 64 });

function issuerOf(ca: CertificateAndKey): Issuer {
  const cacheKey = `${ca.certificatePem}\n${ca.privateKeyPem}`;
  const known = issuers.get(cacheKey);
  if (known !== undefined) return known;
  const certificate = new X509Certificate(ca.certificatePem);
  const issuer = {
    key: createPrivateKey(ca.privateKeyPem),
    publicKey: createPublicKey(ca.privateKeyPem),
    commonName: /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? '',
  };
  issuers.set(cacheKey, issuer);
  return issuer;
}

const usages = {
  server: [extendedKeyUsage.serverAuth],
  client: [extendedKeyUsage.clientAuth],
  both: [extendedKeyUsage.serverAuth, extendedKeyUsage.clientAuth],
} as const;

export function issueLeaf(options: LeafOptions): CertificateAndKey {
  const issuer = issuerOf(options.ca);
  const keys = options.keyPair ?? generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const now = Date.now();
  const { dnsNames, ips, uris = [] } = options;
  const names = dnsNames.length + ips.length + uris.length;
  const notAfter = new Date(now + options.ttlMs);
  const certificatePem = signCertificate({
    subject: options.commonName,
    issuer: issuer.commonName,
    notBefore: new Date(Math.min(now, notAfter.getTime()) - backdateMs),
    notAfter,
    publicKey: keys.publicKey,
    issuerKey: issuer.key,
    issuerPublicKey: issuer.publicKey,
    extensions: [
      leafConstraints(),
      keyUsage('leaf'),
      extendedUsage(usages[options.usage]),
      ...(names === 0 ? [] : [subjectAltName(dnsNames, ips, uris)]),
    ],
  });
  return {
    certificatePem,
    privateKeyPem: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
