/**
 * A JSON Web Key Set as the keys that verify: public keys alone, each by the algorithms of its own kind. A set from a manifest, which a
 * person may have got wrong: nothing of it throws.
 */
import { createPublicKey, type AsymmetricKeyDetails, type JsonWebKey, type KeyObject } from 'node:crypto';

export interface VerifyingKey {
  readonly key: KeyObject;
  readonly kid: string | undefined;
  /** Never empty. */
  readonly algorithms: readonly string[];
}

const maxKeys = 32;
/** Keys that are tried for one token: verifying is what a stranger can make cost something. */
export const maxKeyTries = 4;
const minRsaBits = 2_048;
// What a caller makes us verify costs as much as the key is long, and far more where its exponent is.
const maxRsaBits = 4_096;
const maxRsaExponent = 2n ** 32n - 1n;

function isFitRsa({ modulusLength: bits = 0, publicExponent = 0n }: AsymmetricKeyDetails): boolean {
  return bits >= minRsaBits && bits <= maxRsaBits && publicExponent <= maxRsaExponent;
}

/** By which each kind of key signs; never by a secret that both sides know, and never by none. */
function algorithmsOf({
  asymmetricKeyType: type,
  asymmetricKeyDetails: details,
}: KeyObject): readonly string[] {
  if (type === 'rsa') return isFitRsa(details ?? {}) ? ['RS256', 'RS384', 'RS512'] : [];
  if (type === 'ec') return details?.namedCurve === 'prime256v1' ? ['ES256'] : [];
  return type === 'ed25519' ? ['EdDSA'] : [];
}

/** null: the algorithm has its own. */
export function signatureHash(algorithm: string): string | null {
  return algorithm === 'EdDSA' ? null : `sha${algorithm.slice(2)}`;
}

function keysOf(set: unknown): readonly JsonWebKey[] {
  const keys: unknown = typeof set === 'object' && set !== null && 'keys' in set ? set.keys : undefined;
  return Array.isArray(keys) ? (keys as readonly JsonWebKey[]) : [];
}

function verifyingKey(jwk: JsonWebKey): VerifyingKey[] {
  // A private key, or one that signs what it verifies, is not for a manifest.
  if (jwk.d !== undefined || jwk.k !== undefined || jwk['use'] === 'enc') return [];
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  const { kid, alg } = jwk;
  const algorithms = algorithmsOf(key).filter((each) => alg === undefined || alg === each);
  if (algorithms.length === 0) return [];
  return [{ key, kid: typeof kid === 'string' ? kid : undefined, algorithms }];
}

/** undefined: it is no key set, or holds no key that can be used. */
export function parseKeySet(jwks: string): readonly VerifyingKey[] | undefined {
  try {
    const keys = keysOf(JSON.parse(jwks)).slice(0, maxKeys).flatMap(verifyingKey);
    return keys.length === 0 ? undefined : keys;
  } catch {
    return undefined;
  }
}

/** Are there more keys without a name, of one kind, than are tried? Then some verify nothing. */
export function hasUntriedKeys(keys: readonly VerifyingKey[]): boolean {
  const unnamed = keys.filter(({ kid }) => kid === undefined);
  const kinds = new Set(unnamed.flatMap(({ algorithms }) => algorithms));
  return [...kinds].some(
    (kind) => unnamed.filter((key) => key.algorithms.includes(kind)).length > maxKeyTries,
  );
}
