/**
 * NATS keys ("nkeys"): Ed25519 with a prefix byte and a checksum, in base32. Made from 32 given bytes, so that an identity
 * can be derived again instead of kept. Signing is node:crypto's.
 */
import { createPrivateKey, createPublicKey, sign } from 'node:crypto';

export interface Nkey {
  readonly publicKey: string;
  /** The private half, as clients take it. Never logged. */
  readonly seed: string;
  readonly sign: (text: string) => Buffer;
}

export type NkeyKind = 'operator' | 'account' | 'user';

/** The prefix byte makes the first character of the public key: O, A, U. */
const prefixes: Readonly<Record<NkeyKind, number>> = { operator: 14 << 3, account: 0, user: 20 << 3 };
const seedPrefix = 18 << 3;
const rawBytes = 32;
/** PKCS #8 of an Ed25519 key, up to its 32 bytes (RFC 8410). */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex');
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648 without padding. */
function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += alphabet[(held >> (bits - 5)) & 31];
  }
  return bits === 0 ? text : text + (alphabet[(held << (5 - bits)) & 31] ?? '');
}

/** CRC-16/XMODEM, little endian. */
function checksum(bytes: Uint8Array): Buffer {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
    crc &= 0xffff;
  }
  return Buffer.from([crc & 0xff, crc >> 8]);
}

function encode(head: readonly number[], raw: Uint8Array): string {
  const body = Buffer.concat([Buffer.from(head), raw]);
  return base32(Buffer.concat([body, checksum(body)]));
}

export function nkeyOf(kind: NkeyKind, raw: Uint8Array): Nkey {
  if (raw.length !== rawBytes) throw new RangeError('an nkey is made from 32 bytes');
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Head, raw]), format: 'der', type: 'pkcs8' });
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' });
  const prefix = prefixes[kind];
  return {
    publicKey: encode([prefix], Buffer.from(x, 'base64url')),
    seed: encode([seedPrefix | (prefix >> 5), (prefix & 31) << 3], raw),
    sign: (text) => sign(null, Buffer.from(text), key),
  };
}
