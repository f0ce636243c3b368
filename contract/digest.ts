/**
 * Digests of contract documents. Apart because operator, data planes and `clrk blame` must compute the same
 * one: SHA-256 over canonical JSON (keys sorted, no white space) of the document without its `digest`.
 */
import { createHash } from 'node:crypto';

/** `sha256:` and 64 hex digits. */
export type Digest = string & { readonly __brand: 'Digest' };

/** JSON with sorted keys; `undefined` members are dropped as JSON.stringify does. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    member !== null && typeof member === 'object' && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : member,
  );
}

export function digestOf(bytes: string | Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

/** The digest of a document, ignoring a `digest` member it may already carry. */
export function digestOfDocument(document: object): Digest {
  return digestOf(canonicalJson({ ...document, digest: undefined }));
}

/** The digest, or undefined when the text is not one. */
export function parseDigest(text: string): Digest | undefined {
  return /^sha256:[0-9a-f]{64}$/.test(text) ? (text as Digest) : undefined;
}
