/**
 * Stars out what comes back of an injected secret in the head of an answer and in its trailers. Sans-io. A name has no
 * room for stars that mean something: a field named like a secret is not passed on at all.
 */
import type { Field } from '../http1/index.ts';
import { BodyScrubber } from './body-scrubber.ts';
import { isArmed, type SecretSet } from './secret-set.ts';

export interface ScrubbedFields {
  /** What the agent gets. */
  readonly sent: readonly Field[];
  /** What the record gets: also the fields that were dropped, with stars in their names. */
  readonly recorded: readonly Field[];
}

/** Could a secret be written in this text? One look at each character. */
function mayHold({ pairs }: SecretSet, text: string): boolean {
  for (let at = 0; at + 1 < text.length; at += 1) {
    const first = text.charCodeAt(at) & 0xff;
    const second = text.charCodeAt(at + 1) & 0xff;
    const word = pairs[(first << 3) | (second >> 5)] as number;
    if (((word >>> (second & 31)) & 1) === 1) return true;
  }
  return false;
}

/** `text` is one character a byte, as fields are. The same string when it holds no secret. */
export function scrubText(text: string, set: SecretSet): string {
  if (!isArmed(set) || !mayHold(set, text)) return text;
  const scrubber = new BodyScrubber(set);
  const out = [scrubber.push(Buffer.from(text, 'latin1')), scrubber.flush()];
  return scrubber.found ? Buffer.concat(out).toString('latin1') : text;
}

/** Names are the same in either case, so a short secret is found in either, too. */
function scrubName(raw: string, set: SecretSet): string {
  const lower = raw.toLowerCase();
  return set.names.some((secret) => lower.includes(secret)) ? '*'.repeat(raw.length) : scrubText(raw, set);
}

export function scrubFields(fields: readonly Field[], set: SecretSet): ScrubbedFields {
  if (!isArmed(set)) return { sent: fields, recorded: fields };
  const sent: Field[] = [];
  const recorded: Field[] = [];
  for (const field of fields) {
    const value = scrubText(field.value, set);
    const raw = scrubName(field.raw, set);
    const isNamedSafely = raw === field.raw;
    const kept = isNamedSafely && value === field.value;
    const scrubbed = kept ? field : { name: isNamedSafely ? field.name : raw.toLowerCase(), raw, value };
    recorded.push(scrubbed);
    if (isNamedSafely) sent.push(scrubbed);
  }
  return { sent, recorded };
}
