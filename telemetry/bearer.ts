/**
 * Who may speak to telemetry: readers by a token of their own, senders by tokens that say who they are, both compared in
 * constant time. Secrets are files of the mounted Secret and may rotate, so they are read again when older than a few seconds;
 * a missing file admits nobody.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkOtlpToken, type OtlpSpeaker } from '../contract/index.ts';

/** kubelet refreshes Secret volumes about once a minute; a few seconds on top change nothing. */
const rereadAfterMs = 5_000;
const maxHeaderChars = 4096;

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function tokenOf(authorization: string | undefined): string | undefined {
  if (authorization === undefined || authorization.length > maxHeaderChars) return undefined;
  return /^Bearer ([\x21-\x7e]+)$/i.exec(authorization)?.[1];
}

/** Pure: whom the OTLP token in this header speaks for; `keyBase64` empty: nobody. */
export function speakerOf(authorization: string | undefined, keyBase64: string): OtlpSpeaker | undefined {
  const given = tokenOf(authorization);
  if (given === undefined || keyBase64 === '') return undefined;
  return checkOtlpToken(Buffer.from(keyBase64, 'base64'), given);
}

/** Pure: the name whose token this header carries. Looks at every token, so time tells nothing. */
export function matchBearer(
  authorization: string | undefined,
  tokens: ReadonlyMap<string, string>,
): string | undefined {
  const given = tokenOf(authorization);
  if (given === undefined) return undefined;
  const wanted = digest(given);
  let found: string | undefined;
  for (const [name, token] of tokens) {
    if (token !== '' && timingSafeEqual(wanted, digest(token))) found = name;
  }
  return found;
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
