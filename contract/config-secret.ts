/**
 * How a config document travels: a Secret a document, key `config.json.gz`, gzip of canonical JSON, digest in
 * an annotation. Encode and parse are here so that the operator and the data planes cannot differ.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import type { TSchema, Static } from 'typebox';
import { Value } from 'typebox/value';
import { canonicalJson, digestOfDocument } from './digest.ts';
import { ClrkError } from './error.ts';

export const configSecretKey = 'config.json.gz';
export const configDigestAnnotation = 'clrk.apoxy.dev/config-digest';

/** etcd refuses objects over 1.5 MiB, kube-apiserver Secrets over 1 MiB; base64 comes on top. */
export const maxConfigBytes = 900 * 1024;

// A document this size decompressed is far beyond any compiled config; guards against a bomb.
const maxInflatedBytes = 64 * 1024 * 1024;

export const configSecretName = {
  gateway: (gateway: string): string => `clrk-egress-config-${gateway}`,
  pool: (pool: string): string => `clrk-pool-config-${pool}`,
  ingress: (): string => 'clrk-ingress-settings',
  ingressShard: (shard: number): string => `clrk-ingress-agents-${shard}`,
} as const;

/** The document with its digest filled in, and its bytes. Throws CONFIG_TOO_LARGE over `maxConfigBytes`. */
export function encodeConfig<T extends { digest: string }>(
  document: Omit<T, 'digest'>,
): { readonly document: T; readonly bytes: Buffer } {
  const complete = { ...document, digest: digestOfDocument(document) } as unknown as T;
  // mtime 0 by default in node:zlib: equal documents give equal bytes.
  const bytes = gzipSync(canonicalJson(complete));
  if (bytes.length > maxConfigBytes) {
    throw new ClrkError(
      'CONFIG_TOO_LARGE',
      `compiled config has ${bytes.length} bytes, the limit is ${maxConfigBytes}`,
      { hint: 'Split the agents or routes over more gateways or pools.' },
    );
  }
  return { document: complete, bytes };
}

/** The parsed document. Throws CONFIG_INVALID when it is not gzip, JSON, of this schema, or its digest is wrong. */
export function parseConfig<S extends TSchema>(schema: S, bytes: Uint8Array): Static<S> {
  let value: unknown;
  try {
    value = JSON.parse(gunzipSync(bytes, { maxOutputLength: maxInflatedBytes }).toString('utf8'));
  } catch (cause) {
    throw new ClrkError('CONFIG_INVALID', 'config document is not gzip-compressed JSON', { cause });
  }
  if (!Value.Check(schema, value)) {
    const [first] = Value.Errors(schema, value);
    throw new ClrkError(
      'CONFIG_INVALID',
      `config document does not fit its schema at ${first?.instancePath ?? '/'}: ${first?.message ?? 'unknown'}`,
      { hint: 'Operator and data plane may be of different versions; the previous config stays.' },
    );
  }
  const document = value as Static<S> & { digest: string };
  if (digestOfDocument(document) !== document.digest) {
    throw new ClrkError('CONFIG_INVALID', 'config document does not match its digest');
  }
  return document;
}
