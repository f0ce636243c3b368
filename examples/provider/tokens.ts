/** How the stand-in counts, and how it makes ids: both depend on the request alone. The count is ours, not a vendor's tokenizer. */
import { createHash } from 'node:crypto';

/** Words and single marks: close enough to real tokenizers to look right, simple enough to count by hand. */
const tokenPattern = /\s*(?:[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_])/gu;

export function splitTokens(text: string): readonly string[] {
  return text.match(tokenPattern) ?? [];
}

export function countTokens(text: string): number {
  return splitTokens(text).length;
}

/** An id that looks like the vendor's and depends only on the request. */
export function idOf(prefix: string, seed: string): string {
  return `${prefix}${createHash('sha256').update(`${prefix}${seed}`).digest('hex').slice(0, 24)}`;
}

/** What a vendor puts on a thought or call to know it again when it is sent back. */
export function signatureOf(text: string): string {
  return createHash('sha256').update(`signed: ${text}`).digest('base64');
}
