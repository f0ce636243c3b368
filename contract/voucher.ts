/**
 * The platform's word for who calls: telemetry's API server knows which user of the cluster a call by `invoke` is of, and tells the
 * ingress in one header. It is about one call of one agent and good for a minute; a call is run once by its id, so that nobody gains
 * by saying it again. The key is what these two share and no pool, gateway or agent has: the ingress's own OTLP token.
 */
import { hkdfSync } from 'node:crypto';
import { openToken, signToken } from './signed-token.ts';

/** Of a user's name, in bytes of UTF-8; a longer one is not cut, because half a name is another name. */
export const maxUserBytes = 512;
export const voucherMs = 60_000;
const version = 'clrkv1';

/** What is vouched for. */
export interface VouchedCall {
  readonly namespace: string;
  readonly agent: string;
  /** Of the invocation. */
  readonly id: string;
}

// Control characters, and what turns the direction of what a person reads.
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** Can it stand in a record as it is? */
export function isRecordableUser(user: string): boolean {
  return user !== '' && Buffer.byteLength(user) <= maxUserBytes && !unprintable.test(user);
}

/** `ingressToken` empty: no key, and nobody is vouched for. */
export function voucherKey(ingressToken: string): Uint8Array | undefined {
  if (ingressToken === '') return undefined;
  return Buffer.from(hkdfSync('sha256', ingressToken, '', 'clrk vouchers for callers', 32));
}

export function mintVoucher(
  key: Uint8Array,
  { namespace, agent, id }: VouchedCall,
  said: { readonly user: string; readonly now: number },
): string {
  return signToken(key, version, [said.user, namespace, agent, id, said.now + voucherMs]);
}

/** The user; undefined: it is no voucher of ours, of another call, or too old. */
export function openVoucher(
  key: Uint8Array,
  voucher: string,
  { namespace, agent, id }: VouchedCall,
  now: number,
): string | undefined {
  const words = openToken(key, version, voucher);
  if (!Array.isArray(words) || words.length !== 5) return undefined;
  const [user, ...rest] = words as readonly unknown[];
  const expires = rest.pop();
  // Clocks of two machines differ.
  if (typeof expires !== 'number' || expires <= now || expires > now + 2 * voucherMs) return undefined;
  const isAbout = rest.every((each, index) => each === [namespace, agent, id][index]);
  return isAbout && typeof user === 'string' && isRecordableUser(user) ? user : undefined;
}
