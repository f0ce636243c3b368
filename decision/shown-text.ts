/** What an agent wrote, as a person who decides about it sees it: nothing invisible, and told as cut where it is. Pure; linear. */

import { approvalBounds } from '../contract/index.ts';

export interface ShownText {
  readonly text: string;
  readonly cut: boolean;
}

/** Formatting characters turn text round or hide in it; separators end lines. */
const unseen = /[\p{Cf}\p{Zl}\p{Zp}]/gu;

/** The first `max` characters, and no more than are bounded as JSON. */
export function showText(text: string, max: number): ShownText {
  const seen = text
    .slice(0, max + 1)
    .replace(unseen, (each) => `\\u{${(each.codePointAt(0) ?? 0).toString(16)}}`);
  const shown = withinBytes(seen.slice(0, max), approvalBounds.shownBytes);
  return { text: shown, cut: seen.length > shown.length };
}

function withinBytes(text: string, most: number): string {
  // A character takes no more than six.
  if (text.length * 6 <= most) return text;
  let [end, bytes] = [0, 0];
  for (const character of text) {
    bytes += Buffer.byteLength(JSON.stringify(character)) - '""'.length;
    if (bytes > most) return text.slice(0, end);
    end += character.length;
  }
  return text;
}
