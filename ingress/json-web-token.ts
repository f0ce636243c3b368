/**
 * JSON Web Tokens of callers: read, and verified by the keys that stand in the agent's manifest. No key is ever fetched, none of a token's
 * own is used, and no token chooses how it is verified: each key is used by its own kind alone. Nothing of a token throws.
 */
import { verify } from 'node:crypto';
import { maxKeyTries, signatureHash, type VerifyingKey } from '../contract/index.ts';

type Claims = Readonly<Record<string, unknown>>;

export interface Verifier {
  /** The key set as it stands in the manifest. */
  readonly jwks: string;
  /** Those of `jwks` that can be used. */
  readonly keys: readonly VerifyingKey[];
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
}

export type TokenReading =
  | { readonly kind: 'claims'; readonly claims: Claims; readonly verified: boolean }
  | { readonly kind: 'missing' | 'unreadable' | 'notVerified' };

const maxTokenLength = 8 * 1024;
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

/** Those that may have signed it, the one it names first. */
function keysFor({ keys }: Verifier, alg: string, kid: unknown): VerifyingKey[] {
  return keys
    .filter((each) => each.algorithms.includes(alg))
    .filter((each) => kid === undefined || each.kid === undefined || each.kid === kid)
    .sort((one, other) => Number(other.kid === kid) - Number(one.kid === kid))
    .slice(0, maxKeyTries);
}

function isSignedBy(verifier: Verifier, { header, signed, signature }: Token): boolean {
  const { alg, kid } = header;
  if (typeof alg !== 'string' || header['crit'] !== undefined) return false;
  return keysFor(verifier, alg, kid).some(({ key }) => {
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

/** `unreadable`: it is no bearer token of this kind, or too long for one. */
function parseToken(authorization: string | undefined): Token | 'missing' | 'unreadable' {
  if (authorization === undefined) return 'missing';
  if (authorization.length > maxTokenLength) return 'unreadable';
  const parts = /^bearer +([\w-]+)\.([\w-]+)\.([\w-]*)$/i.exec(authorization);
  if (parts === null) return 'unreadable';
  const [, head = '', payload = '', signature = ''] = parts;
  const [header, claims] = [objectOf(head), objectOf(payload)];
  if (header === undefined || claims === undefined) return 'unreadable';
  return { header, claims, signed: `${head}.${payload}`, signature: Buffer.from(signature, 'base64url') };
}

/**
 * The token of one request. However many fields are read from it, it is parsed once and its signature verified once by each key set:
 * verifying is what a stranger can make cost something.
 */
export class BearerToken {
  readonly #authorization: string | undefined;
  #token: Token | 'missing' | 'unreadable' | undefined;
  /** By key set. */
  readonly #signed = new Map<string, boolean>();

  constructor(authorization: string | undefined) {
    this.#authorization = authorization;
  }

  /** `verifier` undefined: read as it stands, and said to be so. */
  read(verifier: Verifier | undefined, nowMs: number): TokenReading {
    const token = (this.#token ??= parseToken(this.#authorization));
    if (typeof token === 'string') return { kind: token };
    const { claims } = token;
    if (verifier === undefined) return { kind: 'claims', claims, verified: false };
    return this.#isSignedBy(verifier, token) && holds(verifier, claims, nowMs / 1000)
      ? { kind: 'claims', claims, verified: true }
      : { kind: 'notVerified' };
  }

  #isSignedBy(verifier: Verifier, token: Token): boolean {
    const known = this.#signed.get(verifier.jwks);
    if (known !== undefined) return known;
    const signed = isSignedBy(verifier, token);
    this.#signed.set(verifier.jwks, signed);
    return signed;
  }
}
