/**
 * What a caller would rather have (RFC 7240), as far as it is heeded here: `respond-async`. Pure, one look at each character;
 * what is not well-formed is as if it had not been said.
 */

/** The preferences' names: what stands in quotes is a value, whatever it looks like. */
function unquoted(text: string): string {
  let out = '';
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const each = text.charAt(index);
    if (quoted && each === '\\') index += 1;
    else if (each === '"') quoted = !quoted;
    else if (!quoted) out += each;
  }
  return quoted ? '' : out;
}

export function prefersAsync(prefer: string | undefined): boolean {
  if (prefer === undefined) return false;
  return unquoted(prefer)
    .split(',')
    .some((each) => each.split(';', 1)[0]?.trim().toLowerCase() === 'respond-async');
}
