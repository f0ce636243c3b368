/**
 * Texts that must not be said, found wherever another text quotes them. Pure. A cluster has tens of thousands, and any tenant may add
 * more: to look for all of them must cost no more than the text is long, and never fail for how many they are.
 */

/** Shorter ones are words that stand everywhere. */
const leastChars = 8;
/** A longer text is hidden in pieces: so one place of a text is looked at so often at most. */
const pieceChars = 64;

interface Bucket {
  readonly texts: Set<string>;
  /** Of these texts, each once. */
  readonly lengths: Set<number>;
  /** The longest first; undefined: not in order yet. */
  sorted: readonly number[] | undefined;
}

function piecesOf(text: string): readonly string[] {
  const pieces: string[] = [];
  let rest = text;
  while (rest.length >= pieceChars + leastChars) {
    pieces.push(rest.slice(0, pieceChars));
    rest = rest.slice(pieceChars);
  }
  return rest.length >= leastChars ? [...pieces, rest] : pieces;
}

export class HiddenTexts {
  /** By how they begin. */
  readonly #buckets = new Map<string, Bucket>();

  /** Itself, and each of its words. */
  add(text: string): void {
    for (const each of new Set([text, ...text.split(/\s+/)]))
      for (const piece of piecesOf(each)) this.#keep(piece);
  }

  #keep(piece: string): void {
    const head = piece.slice(0, leastChars);
    const bucket = this.#buckets.get(head) ?? { texts: new Set(), lengths: new Set(), sorted: undefined };
    this.#buckets.set(head, bucket);
    bucket.texts.add(piece);
    bucket.lengths.add(piece.length);
    bucket.sorted = undefined;
  }

  /** `hole`: what stands for what is hidden. */
  replace(text: string, hole: (found: string) => string): string {
    const said: string[] = [];
    let from = 0;
    for (let at = 0; at + leastChars <= text.length;) {
      const end = this.#endOf(text, at);
      if (end === at) at += 1;
      else {
        said.push(text.slice(from, at), hole(text.slice(at, end)));
        [from, at] = [end, end];
      }
    }
    return [...said, text.slice(from)].join('');
  }

  /** Where what is hidden at that place ends, piece after piece; the place itself: nothing is. */
  #endOf(text: string, at: number): number {
    let end = at;
    for (let length = this.#longest(text, end); length > 0; length = this.#longest(text, end)) end += length;
    return end;
  }

  #longest(text: string, at: number): number {
    const bucket = this.#buckets.get(text.slice(at, at + leastChars));
    if (bucket === undefined) return 0;
    bucket.sorted ??= [...bucket.lengths].toSorted((a, b) => b - a);
    return bucket.sorted.find((length) => bucket.texts.has(text.slice(at, at + length))) ?? 0;
  }
}
