/**
 * How much a request may hold to be translated: it is in memory as text, parsed, in the form and written, all at once. Told from the
 * text, before anything is made of it. Pure, and one pass.
 */
export const maxTranslatedBytes = 16 * 1024 * 1024;
/** Members of objects and items of lists, at any depth. */
export const maxTranslatedValues = 65_536;

export const tooLarge = {
  what: 'its body',
  why: 'is too large to be translated (16 MiB and 65,536 members and items at most)',
} as const;

const [quote, backslash, comma] = [0x22, 0x5c, 0x2c];
const [openList, openObject] = [0x5b, 0x7b];

/** Place of the quote that ends the string. */
function endOfString(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) !== quote) at += text.charCodeAt(at) === backslash ? 2 : 1;
  return at;
}

/** What all lists and objects of a JSON text hold, counted by what stands before each; an empty one counts as one. */
export function countValues(text: string): number {
  let values = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === quote) at = endOfString(text, at + 1);
    else if (unit === comma || unit === openList || unit === openObject) values += 1;
  }
  return values;
}
