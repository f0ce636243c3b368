/**
 * Tokens that prove who made them: `<version>.<words>.<HMAC-SHA-256>`, the latter two in base64url. Signing and checking
 * are here so that they cannot differ. Checking is constant in time over the secret half; the version keeps a token of one
 * purpose from serving another.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

const maxTokenChars = 2048;

function macOf(key: Uint8Array, version: string, body: string): Buffer {
  return createHmac('sha256', key).update(`${version}.${body}`).digest();
}

/** `words`: anything JSON holds. */
export function signToken(key: Uint8Array, version: string, words: unknown): string {
  const body = Buffer.from(JSON.stringify(words)).toString('base64url');
  return `${version}.${body}.${macOf(key, version, body).toString('base64url')}`;
}

/** What it says, or undefined when it was not signed with this key for this purpose. */
export function openToken(key: Uint8Array, version: string, token: string): unknown {
  if (token.length > maxTokenChars) return undefined;
  const [head, body = '', mac = '', ...rest] = token.split('.');
  if (head !== version || rest.length > 0) return undefined;
  const given = Buffer.from(mac, 'base64url');
  const expected = macOf(key, version, body);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  return JSON.parse(Buffer.from(body, 'base64url').toString('utf8'));
}
