/**
 * JSON Web Tokens of callers: read, and verified by the keys that stand in the agent's manifest. No key is ever fetched, none of a token's
 * own is used, and no token chooses how it is verified: each key is used by its own kind alone. Nothing of a token throws.
 */
import { verify } from 'node:crypto';
import { signatureHash, type VerifyingKey } from '../contract/index.ts';

type Claims = Readonly<Record<string, unknown>>;

export interface Verifier {
  readonly keys: readonly VerifyingKey[];
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
}

export type TokenReading =
  | { readonly kind: 'claims'; readonly claims: Claims; readonly verified: boolean }
  | { readonly kind: 'missing' | 'unreadable' | 'notVerified' };

const maxTokenLength = 16 * 1024;
/** Clocks of issuers. */
const skewSeconds = 60;

function objectOf(part: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Claims)
      : undefined;
  } catch {
    return undefined;
  }
}

function isSignedBy(verifier: Verifier, { header, signed, signature }: Token): boolean {
  const { alg, kid } = header;
  if (typeof alg !== 'string' || header['crit'] !== undefined) return false;
  return verifier.keys.some(({ key, kid: own, algorithms }) => {
    if (!algorithms.includes(alg) || (kid !== undefined && own !== undefined && kid !== own)) return false;
    try {
      return verify(signatureHash(alg), Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }, signature);
    } catch {
      return false;
    }
  });
}

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

/** It is valid now, and for who asks. A token that never ends is none. */
function holds({ issuer, audience }: Verifier, claims: Claims, nowSeconds: number): boolean {
  const { exp, nbf = 0, iss, aud } = claims;
  if (!isTime(exp) || !isTime(nbf)) return false;
  if (nowSeconds > exp + skewSeconds || nowSeconds < nbf - skewSeconds) return false;
  if (issuer !== undefined && iss !== issuer) return false;
  return audience === undefined || (Array.isArray(aud) ? aud : [aud]).includes(audience);
}

interface Token {
  readonly header: Claims;
  readonly claims: Claims;
  readonly signed: string;
  readonly signature: Buffer;
}

/** undefined: it is no bearer token of this kind, or too long for one. */
function parseToken(authorization: string): Token | undefined {
  if (authorization.length > maxTokenLength) return undefined;
  const parts = /^bearer +([\w-]+)\.([\w-]+)\.([\w-]*)$/i.exec(authorization);
  if (parts === null) return undefined;
  const [, head = '', payload = '', signature = ''] = parts;
  const [header, claims] = [objectOf(head), objectOf(payload)];
  if (header === undefined || claims === undefined) return undefined;
  return { header, claims, signed: `${head}.${payload}`, signature: Buffer.from(signature, 'base64url') };
}

/** `verifier` undefined: read as it stands, and said to be so. */
export function readToken(
  authorization: string | undefined,
  verifier: Verifier | undefined,
  nowMs: number,
): TokenReading {
  if (authorization === undefined) return { kind: 'missing' };
  const token = parseToken(authorization);
  if (token === undefined) return { kind: 'unreadable' };
  const { claims } = token;
  if (verifier === undefined) return { kind: 'claims', claims, verified: false };
  return isSignedBy(verifier, token) && holds(verifier, claims, nowMs / 1000)
    ? { kind: 'claims', claims, verified: true }
    : { kind: 'notVerified' };
}
