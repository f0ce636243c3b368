/**
 * A regular expression of JavaScript as a graph of what it may read, for whoever proves something about it (linear-pattern.ts). It
 * reads structure only: what a class or an escape takes is asked of the engine itself, a character at a time. What it does not know
 * is an error, never a guess.
 */
export class UnknownSyntax extends Error {}

export type Step =
  /** Reads one character that `takes` holds for. */
  | { readonly op: 'read'; readonly takes: (character: string) => boolean; next: number }
  | { readonly op: 'split'; next: readonly number[] }
  /** Passes at the beginning of the text alone. */
  | { readonly op: 'start'; next: number }
  /** Passes at its end alone. */
  | { readonly op: 'end'; next: number }
  /** Passes or not, by what stands around. */
  | { readonly op: 'maybe'; next: number }
  | { readonly op: 'match' };

type Node =
  | { readonly type: 'read'; readonly atom: string }
  | { readonly type: 'mark'; readonly op: 'start' | 'end' | 'maybe' }
  | { readonly type: 'all'; readonly parts: readonly Node[] }
  | { readonly type: 'any'; readonly parts: readonly Node[] }
  | { readonly type: 'repeat'; readonly node: Node; readonly min: number; readonly max: number };

/** More of a counted repetition is taken for any number: it reads more, in more ways. */
const maxCounted = 32;

function isUnbounded(node: Node): boolean {
  if (node.type === 'repeat') return node.max === Infinity || isUnbounded(node.node);
  return (node.type === 'all' || node.type === 'any') && node.parts.some(isUnbounded);
}

class Parser {
  readonly #text: string;
  readonly #isMultiline: boolean;
  #at = 0;

  constructor(text: string, flags: string) {
    if (flags.includes('v')) throw new UnknownSyntax('flag v');
    this.#text = text;
    this.#isMultiline = flags.includes('m');
  }

  parse(): Node {
    const node = this.#alternation();
    if (this.#at < this.#text.length) throw new UnknownSyntax(`at ${this.#at}`);
    return node;
  }

  #eat(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found !== null) this.#at += found[0].length;
    return found;
  }

  #alternation(): Node {
    const parts = [this.#sequence()];
    while (this.#eat('|')) parts.push(this.#sequence());
    return { type: 'any', parts };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    while (this.#at < this.#text.length && !'|)'.includes(this.#text[this.#at] ?? '')) {
      parts.push(this.#repeated(this.#atom()));
    }
    return { type: 'all', parts };
  }

  #repeated(node: Node): Node {
    const found = this.#match(/(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/y);
    if (found === null) return node;
    const sign = found[0][0] ?? '';
    if (sign !== '{')
      return { type: 'repeat', node, min: sign === '+' ? 1 : 0, max: sign === '?' ? 1 : Infinity };
    const min = Number(found[1]);
    const max = found[2] === '' ? min : found[3] === '' ? Infinity : Number(found[3]);
    return { type: 'repeat', node, min, max: max - min > maxCounted ? Infinity : max };
  }

  #atom(): Node {
    if (this.#eat('(')) return this.#group();
    if (this.#eat('^')) return { type: 'mark', op: this.#isMultiline ? 'maybe' : 'start' };
    if (this.#eat('$')) return { type: 'mark', op: this.#isMultiline ? 'maybe' : 'end' };
    if (this.#match(/\\[bB]/y) !== null) return { type: 'mark', op: 'maybe' };
    if (this.#match(/\\[1-9k]/y) !== null) throw new UnknownSyntax('a back-reference');
    const atom = this.#match(
      /\[(?:[^\]\\]|\\[^])*\]|\\[pPu]\{[^}]*\}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\c[A-Za-z]|\\[^]|[^*+?{}()[\]|\\]/uy,
    );
    if (atom === null) throw new UnknownSyntax(`at ${this.#at}`);
    return { type: 'read', atom: atom[0] };
  }

  #group(): Node {
    const look = this.#match(/\?<?[=!]/y);
    if (look === null) this.#match(/\?(?::|<\w+>)/y);
    const node = this.#alternation();
    if (!this.#eat(')')) throw new UnknownSyntax('a group without end');
    if (look === null) return node;
    if (isUnbounded(node)) throw new UnknownSyntax('it looks around without bound');
    return { type: 'mark', op: 'maybe' };
  }
}

export interface PatternProgram {
  readonly steps: readonly Step[];
  readonly start: number;
}

/** Throws UnknownSyntax. */
export function compilePatternProgram(source: string, flags: string): PatternProgram {
  const steps: Step[] = [];
  const add = (step: Step): number => steps.push(step) - 1;
  const kept = flags.replace(/[gyd]/g, '');
  const build = (node: Node, next: number): number => {
    if (node.type === 'read') {
      const pattern = new RegExp(`^${node.atom}$`, kept.replace('m', ''));
      return add({ op: 'read', takes: (character) => pattern.test(character), next });
    }
    if (node.type === 'mark') return add({ op: node.op, next });
    if (node.type === 'all') return node.parts.reduceRight((at, part) => build(part, at), next);
    if (node.type === 'any') return add({ op: 'split', next: node.parts.map((part) => build(part, next)) });
    let at = next;
    if (node.max === Infinity) {
      at = add({ op: 'split', next: [] });
      steps[at] = { op: 'split', next: [build(node.node, at), next] };
    } else {
      for (let count = node.min; count < node.max; count += 1) {
        at = add({ op: 'split', next: [build(node.node, at), next] });
      }
    }
    for (let count = 0; count < node.min; count += 1) at = build(node.node, at);
    return at;
  };
  const end = add({ op: 'match' });
  return { start: build(new Parser(source, flags).parse(), end), steps };
}
