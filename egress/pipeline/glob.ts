/**
 * Globs of AIProviderRoutes: `*` any run, `?` one character, classes `[a-z]`, as Go's path.Match, except that `*` in a
 * model or endpoint also crosses `/` (model ids hold slashes). Own, linear-time matcher: agents choose the text.
 */
interface Piece {
  readonly star: boolean;
  readonly test: (character: string) => boolean;
}

function parseClass(glob: string, start: number): { piece: Piece; next: number } | undefined {
  const end = glob.indexOf(']', start + 2);
  if (end < 0) return undefined;
  const negated = glob[start + 1] === '^';
  const body = glob.slice(start + (negated ? 2 : 1), end);
  const test = (character: string): boolean => {
    for (let index = 0; index < body.length; index += 1) {
      const from = body[index] ?? '';
      const isRange = body[index + 1] === '-' && index + 2 < body.length;
      const to = isRange ? (body[index + 2] ?? '') : from;
      if (character >= from && character <= to) return !negated;
      if (isRange) index += 2;
    }
    return negated;
  };
  return { piece: { star: false, test }, next: end + 1 };
}

function parseGlob(glob: string): Piece[] | undefined {
  const pieces: Piece[] = [];
  for (let index = 0; index < glob.length;) {
    let character = glob[index] ?? '';
    if (character === '[') {
      const parsed = parseClass(glob, index);
      if (parsed === undefined) return undefined;
      pieces.push(parsed.piece);
      index = parsed.next;
      continue;
    }
    if (character === '*') pieces.push({ star: true, test: () => true });
    else if (character === '?') pieces.push({ star: false, test: () => true });
    else {
      if (character === '\\') {
        index += 1;
        character = glob[index] ?? '';
      }
      const literal = character;
      pieces.push({ star: false, test: (candidate) => candidate === literal });
    }
    index += 1;
  }
  return pieces;
}

const parsed = new Map<string, readonly Piece[] | undefined>();
const maxParsed = 4096;

function pieces(glob: string): readonly Piece[] | undefined {
  if (!parsed.has(glob)) {
    if (parsed.size >= maxParsed) parsed.clear();
    parsed.set(glob, parseGlob(glob));
  }
  return parsed.get(glob);
}

/** False for a malformed glob. */
export function isGlob(glob: string): boolean {
  return pieces(glob) !== undefined;
}

/** False also for a malformed glob: what cannot be read opens nothing. */
export function matchesGlob(glob: string, text: string): boolean {
  const pattern = pieces(glob);
  if (pattern === undefined) return false;
  let piece = 0;
  let at = 0;
  let star = -1;
  let resume = 0;
  while (at < text.length) {
    const current = pattern[piece];
    if (current?.star === true) {
      star = piece;
      resume = at;
      piece += 1;
    } else if (current?.test(text[at] ?? '') === true) {
      piece += 1;
      at += 1;
    } else if (star >= 0) {
      resume += 1;
      at = resume;
      piece = star + 1;
    } else return false;
  }
  return pattern.slice(piece).every((rest) => rest.star);
}
