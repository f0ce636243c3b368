/**
 * Which texts can a set of globs and patterns tell apart? All of them read a text at the same time, a character at a time; one
 * shortest text stands for each way in which their verdicts can come out together. Exact, and bounded: what would take too many
 * steps is told as incomplete, never left out in silence. Pure.
 */

/** How far one has read. Immutable. */
export interface Scan {
  /** Two with one key go on alike. */
  readonly key: string;
  /** What it says of the text so far. */
  readonly verdict: string;
  step(character: string): Scan;
}

/** One that reads. */
export interface Reader {
  scan(): Scan;
  /** Which characters it tells apart. */
  readonly tests: ReadonlyArray<(character: string) => boolean>;
}

export interface TextSpace {
  readonly texts: readonly string[];
  /** False: there may be more kinds of text than these. */
  readonly complete: boolean;
}

export interface TextQuestion {
  readonly readers: readonly Reader[];
  /** Characters that texts are made of besides those of `spelled`; the first are preferred. */
  readonly alphabet: string;
  /** Texts whose characters, and the neighbours of these, are read too. */
  readonly spelled: readonly string[];
  /** What every text begins with. */
  readonly prefix?: string;
}

/** Far above what policies of people need; a product of many globs with many stars each passes it. */
const maxStates = 5_000;

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789-_./:ABCDEFGHIJKLMNOPQRSTUVWXYZ';
/** Printable ASCII, the likely ones first. */
export const printable = [
  ...new Set([
    ...Array.from(letters),
    ...Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index)),
  ]),
].join('');

function isAllowed(character: string, alphabet: ReadonlySet<string>, spelled: ReadonlySet<string>): boolean {
  return alphabet.has(character) || spelled.has(character);
}

/** One character for each kind that the readers tell apart. */
function kindsOf({ readers, alphabet, spelled }: TextQuestion): string[] {
  const own = new Set(alphabet);
  const foreign = new Set(
    spelled
      .flatMap((text) => Array.from(text))
      .filter((character) => character > '\u{7f}' && own.has('\u{e9}')),
  );
  const tests = readers.flatMap((reader) => reader.tests);
  const kinds = new Map<string, string>();
  for (const character of [...own, ...foreign]) {
    if (!isAllowed(character, own, foreign)) continue;
    const key = tests.map((test) => (test(character) ? '1' : '0')).join('');
    if (!kinds.has(key)) kinds.set(key, character);
  }
  return [...kinds.values()];
}

interface State {
  readonly text: string;
  readonly scans: readonly Scan[];
}

function advance({ text, scans }: State, characters: string): State {
  return Array.from(characters).reduce<State>(
    (state, character) => ({
      text: state.text + character,
      scans: state.scans.map((scan) => scan.step(character)),
    }),
    { text, scans },
  );
}

/** What has been found so far, and where to read on. */
class Search {
  readonly #found = new Map<string, string>();
  readonly #seen = new Set<string>();
  #edge: State[] = [];
  #complete = true;

  constructor(start: State) {
    if (start.text !== '') this.#found.set(verdictOf(start), start.text);
    this.#seen.add(keyOf(start));
    this.#edge.push(start);
  }

  get space(): TextSpace {
    return { texts: [...this.#found.values()], complete: this.#complete };
  }

  #arrive(state: State, next: State[]): void {
    const verdict = verdictOf(state);
    if (!this.#found.has(verdict)) this.#found.set(verdict, state.text);
    const key = keyOf(state);
    if (this.#seen.has(key)) return;
    this.#complete = this.#seen.size < maxStates;
    if (!this.#complete) return;
    this.#seen.add(key);
    next.push(state);
  }

  /** All texts that are one character longer; false: there is nothing more to read. */
  advance(kinds: readonly string[]): boolean {
    const next: State[] = [];
    for (const state of this.#edge) {
      for (const character of kinds) {
        this.#arrive(advance(state, character), next);
        if (!this.#complete) return false;
      }
    }
    this.#edge = next;
    return next.length > 0;
  }
}

const keyOf = ({ scans }: State): string => scans.map(({ key }) => key).join('|');
const verdictOf = ({ scans }: State): string => scans.map(({ verdict }) => verdict).join('|');

export function computeTextSpace(question: TextQuestion): TextSpace {
  const { readers, prefix = '' } = question;
  const search = new Search(advance({ text: '', scans: readers.map((reader) => reader.scan()) }, prefix));
  const kinds = kindsOf(question);
  while (search.advance(kinds));
  return search.space;
}
