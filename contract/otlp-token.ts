/**
 * The token a role shows telemetry, and what it proves: `clrk1.<who>.<HMAC-SHA-256>`, both in base64url. Mint and check are
 * here so that they cannot differ. Checking is constant in time over the secret half.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { platformRoles, type PlatformIdentity, type PlatformRole } from './platform-identity.ts';

const version = 'clrk1';
const maxTokenChars = 2048;

/** Whom a token speaks for; `uid` is not told. */
export type OtlpSpeaker =
  | { readonly role: PlatformRole }
  | { readonly role: 'worker' | 'egress'; readonly namespace: string; readonly name: string };

function macOf(key: Uint8Array, body: string): Buffer {
  return createHmac('sha256', key).update(`${version}.${body}`).digest();
}

export function mintOtlpToken(key: Uint8Array, identity: PlatformIdentity): string {
  const who =
    'namespace' in identity
      ? [identity.role, identity.namespace, identity.name, identity.uid]
      : [identity.role];
  const body = Buffer.from(JSON.stringify(who)).toString('base64url');
  return `${version}.${body}.${macOf(key, body).toString('base64url')}`;
}

function isPlatformRole(text: string): text is PlatformRole {
  return (platformRoles as readonly string[]).includes(text);
}

function speakerOf(who: unknown): OtlpSpeaker | undefined {
  if (!Array.isArray(who) || !who.every((each) => typeof each === 'string')) return undefined;
  const [role = '', namespace, name] = who as readonly string[];
  if (isPlatformRole(role)) return { role };
  if ((role !== 'worker' && role !== 'egress') || namespace === undefined || name === undefined)
    return undefined;
  return { role, namespace, name };
}

/** Whom the token speaks for, or undefined when it was not minted with this key. */
export function checkOtlpToken(key: Uint8Array, token: string): OtlpSpeaker | undefined {
  if (token.length > maxTokenChars) return undefined;
  const [head, body = '', mac = '', ...rest] = token.split('.');
  if (head !== version || rest.length > 0) return undefined;
  const given = Buffer.from(mac, 'base64url');
  const expected = macOf(key, body);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  return speakerOf(JSON.parse(Buffer.from(body, 'base64url').toString('utf8')));
}
