/** The token a role shows telemetry when it sends records, and what it proves: who sends. */
import { platformRoles, type PlatformIdentity, type PlatformRole } from './platform-identity.ts';
import { openToken, signToken } from './signed-token.ts';

const version = 'clrk1';

/** Whom a token speaks for; `uid` is not told. */
export type OtlpSpeaker =
  | { readonly role: PlatformRole }
  | { readonly role: 'worker' | 'egress'; readonly namespace: string; readonly name: string };

export function mintOtlpToken(key: Uint8Array, identity: PlatformIdentity): string {
  const who =
    'namespace' in identity
      ? [identity.role, identity.namespace, identity.name, identity.uid]
      : [identity.role];
  return signToken(key, version, who);
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
  return speakerOf(openToken(key, version, token));
}
