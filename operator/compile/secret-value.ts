/** Reading Secrets: base64 in, text or PEM blocks out. Apart so that no other file decodes secret material. */
import type { Secret } from '../kind.ts';

export function secretText(secret: Secret | undefined, key: string): string | undefined {
  const encoded = secret?.data?.[key];
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8');
}

export function encodeSecretData(data: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'utf8').toString('base64')]),
  );
}

// Certificates only: a bundle Secret may also hold the CA's private key (kubernetes.io/tls), which must not travel.
const certificateBlock = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** Every certificate in every key, in key order; empty when there is none. */
export function certificatesOf(secret: Secret): string {
  const keys = Object.keys(secret.data ?? {}).sort();
  const blocks = keys.flatMap((key) => secretText(secret, key)?.match(certificateBlock) ?? []);
  return [...new Set(blocks)].map((block) => `${block}\n`).join('');
}
