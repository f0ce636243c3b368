/**
 * Stage 7: what an upstream echoes of an injected secret never reaches the agent. Stars of the same length replace it, so
 * lengths stay true. Sans-io: bytes in, bytes out; only a tail that may be the start of a secret is held back.
 * Guarantee and limit: the raw value, its part after a scheme (`Bearer x`), Base64 (alone or inside a longer
 * text, but for up to one character at either end), hexadecimal, URL- and JSON-escaped forms; other encodings are not
 * found.
 */
import type { Field } from '../http1/index.ts';
import type { Injection } from '../../decision/index.ts';

// Shorter values would star out ordinary text.
const minSecretLength = 8;

function forms(value: string): string[] {
  const bytes = Buffer.from(value, 'latin1');
  return [
    value,
    encodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    ...[0, 1, 2].flatMap((shift) => base64At(bytes, shift)),
  ];
}

/** How the bytes look inside Base64 of a longer text (Basic `user:key`) when they start `shift` bytes into a group. */
function base64At(bytes: Buffer, shift: number): string[] {
  const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
  // Characters at the ends also carry bits of the neighbours: left out.
  const stable = text.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6));
  return [stable, stable.replaceAll('+', '-').replaceAll('/', '_')];
}

/** Every form to look for, longest first. */
export function secretForms(injection: Injection): string[] {
  const values = [
    ...injection.fields.map(({ value }) => value),
    ...injection.query.map(([, value]) => value),
  ];
  const all = new Set<string>();
  for (const value of values) {
    const bare = /^\S+ (.+)$/.exec(value)?.[1];
    const found = bare === undefined ? forms(value) : [...forms(value), ...forms(bare)];
    for (const form of found) if (form.length >= minSecretLength) all.add(form);
  }
  return [...all].sort((a, b) => b.length - a.length);
}

/**
 * The forms of each set of secrets, computed once: one cache a snapshot, so that it forgets secrets with the config that
 * held them.
 */
export class SecretForms {
  /** By the list of injected fields, which is one object for all calls of a plan (credential.ts). */
  readonly #known = new WeakMap<Injection['fields'], { query: Injection['query']; set: SecretSet }>();

  of(injection: Injection): SecretSet {
    if (injection.policies.length === 0) return noSecrets;
    const known = this.#known.get(injection.fields);
    if (known?.query === injection.query) return known.set;
    const texts = secretForms(injection);
    const set = createSecretSet(texts);
    this.#known.set(injection.fields, { query: injection.query, set });
    return set;
  }
}

export interface SecretSet {
  readonly texts: readonly string[];
  readonly bytes: readonly Buffer[];
  /** 1 for each byte that a form starts with. */
  readonly firsts: Uint8Array;
  /** Bytes of the longest form. */
  readonly longest: number;
}

function createSecretSet(texts: readonly string[]): SecretSet {
  const bytes = texts.map((text) => Buffer.from(text, 'latin1'));
  const firsts = new Uint8Array(256);
  for (const [first] of bytes) if (first !== undefined) firsts[first] = 1;
  return { texts, bytes, firsts, longest: Math.max(0, ...bytes.map(({ length }) => length)) };
}
export const noSecrets: SecretSet = createSecretSet([]);

export function scrubText(text: string, secrets: readonly string[]): string {
  let scrubbed = text;
  for (const secret of secrets) {
    if (scrubbed.includes(secret)) scrubbed = scrubbed.replaceAll(secret, '*'.repeat(secret.length));
  }
  return scrubbed;
}

export function scrubFields(fields: readonly Field[], secrets: readonly string[]): readonly Field[] {
  if (secrets.length === 0) return fields;
  return fields.map((field) => {
    const value = scrubText(field.value, secrets);
    return value === field.value ? field : { ...field, value };
  });
}

const nothing = Buffer.alloc(0);

/** Scrubs one body, chunk by chunk. */
export class BodyScrubber {
  readonly #secrets: SecretSet;
  #held: Buffer = nothing;
  /** True once a secret was found and starred out. */
  found = false;

  constructor(secrets: SecretSet) {
    this.#secrets = secrets;
  }

  push(chunk: Buffer): Buffer {
    if (this.#secrets.longest === 0) return chunk;
    let bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    bytes = this.#star(bytes);
    const keep = this.#heldLength(bytes);
    // A copy: the chunk may be a slice of a large receive buffer.
    this.#held = keep === 0 ? nothing : Buffer.from(bytes.subarray(bytes.length - keep));
    return keep === 0 ? bytes : bytes.subarray(0, bytes.length - keep);
  }

  /** What was held back, at the end of the body. */
  flush(): Buffer {
    const rest = this.#held;
    this.#held = nothing;
    return rest;
  }

  #star(bytes: Buffer): Buffer {
    let result = bytes;
    for (const secret of this.#secrets.bytes) {
      for (let at = result.indexOf(secret); at >= 0; at = result.indexOf(secret, at + secret.length)) {
        if (result === bytes) result = Buffer.from(bytes);
        this.found = true;
        result.fill('*', at, at + secret.length);
      }
    }
    return result;
  }

  /** Length of the longest tail that is a proper prefix of a secret. */
  #heldLength(bytes: Buffer): number {
    const { firsts, longest } = this.#secrets;
    // One look at each byte of the tail for all forms; few bytes start any of them.
    for (let at = Math.max(0, bytes.length - longest + 1); at < bytes.length; at += 1) {
      if (firsts[bytes[at] ?? 0] === 1 && this.#isStart(bytes, at)) return bytes.length - at;
    }
    return 0;
  }

  /** Are the bytes from here to the end a proper prefix of a form? */
  #isStart(bytes: Buffer, at: number): boolean {
    const length = bytes.length - at;
    return this.#secrets.bytes.some((secret) => {
      if (secret.length <= length) return false;
      let same = 0;
      while (same < length && secret[same] === bytes[at + same]) same += 1;
      return same === length;
    });
  }
}
