/**
 * Who may speak to telemetry: senders by tokens that say who they are, readers by tokens that say whose records they may
 * read. Secrets are files of the mounted Secret and may rotate, so they are read again when older than a few seconds;
 * a missing file admits nobody.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  checkOtlpToken,
  checkReaderToken,
  mintOtlpToken,
  voucherKey,
  type OtlpSpeaker,
  type ReaderClaims,
} from '../contract/index.ts';

/** kubelet refreshes Secret volumes about once a minute; a few seconds on top change nothing. */
const rereadAfterMs = 5_000;
const maxHeaderChars = 4096;

/** RFC 6750. Undefined: it has none. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer +([\x21-\x7e]+)$/i.exec(authorization ?? '')?.[1];
}

/** Ours are short. */
function tokenOf(authorization: string | undefined): string | undefined {
  return (authorization?.length ?? 0) > maxHeaderChars ? undefined : bearerToken(authorization);
}

/** Pure: whom the OTLP token in this header speaks for; `keyBase64` empty: nobody. */
export function speakerOf(authorization: string | undefined, keyBase64: string): OtlpSpeaker | undefined {
  const given = tokenOf(authorization);
  if (given === undefined || keyBase64 === '') return undefined;
  return checkOtlpToken(Buffer.from(keyBase64, 'base64'), given);
}

/** Pure: what the reader's token in this header lets it read; `secret` empty: nothing. */
export function readerOf(
  authorization: string | undefined,
  secret: string,
  nowMs: number,
): ReaderClaims | undefined {
  const given = tokenOf(authorization);
  return given === undefined ? undefined : checkReaderToken(secret, given, nowMs);
}

/** Pure: what the ingress has too, from its own token; `keyBase64` empty: nothing. */
export function voucherKeyOf(keyBase64: string): Uint8Array | undefined {
  if (keyBase64 === '') return undefined;
  return voucherKey(mintOtlpToken(Buffer.from(keyBase64, 'base64'), { role: 'ingress' }));
}

export class TokenFiles {
  readonly #directory: string;
  readonly #names: readonly string[];
  readonly #now: () => number;
  #tokens = new Map<string, string>();
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(directory: string, names: readonly string[], now: () => number = Date.now) {
    this.#directory = directory;
    this.#names = names;
    this.#now = now;
  }

  tokens(): ReadonlyMap<string, string> {
    if (this.#now() - this.#readAt > rereadAfterMs) {
      this.#readAt = this.#now();
      this.#tokens = new Map(this.#names.map((name) => [name, this.#read(name)]));
    }
    return this.#tokens;
  }

  #read(name: string): string {
    try {
      return readFileSync(join(this.#directory, name), 'utf8').trim();
    } catch {
      return '';
    }
  }
}
