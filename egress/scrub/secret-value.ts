/**
 * What of an injected value is secret: all of it, what follows a scheme (`Bearer x`), either half of what Basic encodes, and
 * each value of a list of parameters (`session=x; y=z`). Pure.
 */

/** Shorter values would star out ordinary text. */
export const minSecretLength = 8;

// What these words introduce is the secret; the word itself may be seen.
const schemes = new Set(['bearer', 'basic', 'token', 'bot', 'apikey', 'key', 'digest', 'negotiate']);

function basicHalves(encoded: string): string[] {
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(encoded)) return [];
  const pair = Buffer.from(encoded, 'base64').toString('latin1');
  const colon = pair.indexOf(':');
  if (colon < 0) return [];
  const halves = [pair.slice(0, colon), pair.slice(colon + 1)];
  return halves.some(({ length }) => length >= minSecretLength) ? halves : [pair];
}

/** Values of cookies and of schemes with parameters: each may be sent back alone. */
function parametersOf(value: string): string[] {
  return [...value.matchAll(/(?:^|[;,&\s])[\w-]{1,64}="?([^;,&\s"]+)/g)].map(([, part = '']) => part);
}

function wordsOf(value: string): string[] {
  const [, word, bare] = /^(\S+) +([^ ].*)$/.exec(value) ?? [];
  if (word === undefined || bare === undefined) return [value];
  const scheme = word.toLowerCase();
  const halves = scheme === 'basic' ? basicHalves(bare) : [];
  const isKnown = schemes.has(scheme) && bare.length >= minSecretLength;
  return isKnown ? [bare, ...halves] : [value, bare, ...halves];
}

/** As bytes on the wire: as Latin-1, and as UTF-8 where that is another. */
function spellings(text: string): Buffer[] {
  const utf8 = Buffer.from(text, 'utf8');
  const latin1 = Buffer.from(text, 'latin1');
  return /^[\u0000-\u00ff]*$/.test(text) && !utf8.equals(latin1) ? [latin1, utf8] : [utf8];
}

/** Every secret of these values, each once, in bytes. Those shorter than `minSecretLength` are left out. */
export function computeSecrets(values: readonly string[]): readonly Buffer[] {
  const parts = values.flatMap((value) => [...wordsOf(value), ...parametersOf(value)]);
  const texts = new Set(parts.filter(({ length }) => length >= minSecretLength));
  return [...texts].flatMap(spellings);
}
