/** What an agent wrote, as a person who decides about it sees it: nothing invisible, and told as cut where it is. Pure; linear. */

export interface ShownText {
  readonly text: string;
  readonly cut: boolean;
}

/** Formatting characters turn text round or hide in it; separators end lines. */
const unseen = /[\p{Cf}\p{Zl}\p{Zp}]/gu;

/** The first `max` characters. */
export function showText(text: string, max: number): ShownText {
  const seen = text
    .slice(0, max + 1)
    .replace(unseen, (each) => `\\u{${(each.codePointAt(0) ?? 0).toString(16)}}`);
  return { text: seen.slice(0, max), cut: seen.length > max };
}
