/**
 * The token a reader shows telemetry: which namespaces' records it may read, and until when. Whoever holds the
 * installation's reader secret may make one for any namespaces; the secret itself is never sent.
 */
import { hkdfSync } from 'node:crypto';
import { openToken, signToken } from './signed-token.ts';

export interface ReaderClaims {
  /** `all`: of every namespace. */
  readonly namespaces: readonly string[] | 'all';
  readonly expiresMs: number;
}

const version = 'clrkr1';
/** A token that is wanted for longer can be made anew. */
export const maxReaderTokenMs = 30 * 24 * 3600 * 1000;

function keyOf(secret: string): Uint8Array {
  return Buffer.from(hkdfSync('sha256', secret, '', 'clrk reader tokens', 32));
}

export function mintReaderToken(secret: string, { namespaces, expiresMs }: ReaderClaims): string {
  return signToken(keyOf(secret), version, { ns: namespaces === 'all' ? '*' : namespaces, exp: expiresMs });
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

/** Undefined: not made with this secret, or no longer good. An empty secret makes nobody a reader. */
export function checkReaderToken(secret: string, token: string, nowMs: number): ReaderClaims | undefined {
  if (secret === '') return undefined;
  const words = openToken(keyOf(secret), version, token);
  if (words === null || typeof words !== 'object') return undefined;
  const { ns, exp } = words as { readonly ns?: unknown; readonly exp?: unknown };
  if (typeof exp !== 'number' || exp <= nowMs || exp > nowMs + maxReaderTokenMs) return undefined;
  if (ns === '*') return { namespaces: 'all', expiresMs: exp };
  return isNames(ns) ? { namespaces: ns, expiresMs: exp } : undefined;
}

export function mayReadNamespace({ namespaces }: ReaderClaims, namespace: string): boolean {
  return namespaces === 'all' || namespaces.includes(namespace);
}
