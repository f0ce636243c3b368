/**
 * One document of a manifest file: its value by the plain reader where it can, by the full parser where it must, and the
 * line of any value on request (only what is complained about is parsed for its place). YAML 1.1, as kubectl reads it,
 * without the types JSON has not (times, binary, sets). It must never read a file: text comes in.
 */
import { isMap, isNode, isScalar, isSeq, type Node } from 'yaml';
import { parseJson, type Json } from './json.ts';
import type { Path } from './path.ts';
import { readPlainYaml } from './plain-yaml.ts';
import { parseYaml, type ParsedText } from './yaml-parse.ts';
import { aliasAllowance, maxDepth, ValueFault, ValueReader, type AliasAllowance } from './yaml-value.ts';

/** From 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface YamlProblem extends Position {
  readonly message: string;
}

export interface YamlValue {
  readonly value: Json;
  /** Where keys stand for the second time in their map: the first few. */
  readonly doubled: readonly Position[];
}

export type YamlReading = YamlValue | { readonly problem: YamlProblem };

/** Line ends of YAML 1.1 that are none in YAML 1.2, and characters that neither has. */
const disputed =
  /\r(?!\n)|[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029\ufffe\uffff]|(?!^)\ufeff/;

export interface DocumentPlace {
  /** Lines of the file above this document. */
  readonly linesBefore: number;
  /** Taken out of a stream of JSON values. */
  readonly isJson?: boolean;
  /** What is wrong with it before it is read. */
  readonly fault?: string;
}

export class YamlDocument {
  readonly text: string;
  readonly #place: DocumentPlace;
  #parsed: ParsedText | undefined;

  constructor(text: string, place: DocumentPlace) {
    this.text = text;
    this.#place = place;
  }

  /** The value, or what is wrong with it. `allowance` is shared by all documents of one reading. */
  read(allowance: AliasAllowance = aliasAllowance()): YamlReading {
    const { fault, isJson } = this.#place;
    if (fault !== undefined) return this.#problem(fault);
    if (isJson === true) return this.#readJson();
    const plain = readPlainYaml(this.text);
    if (plain !== undefined) return { value: plain, doubled: [] };
    const strange = disputed.exec(this.text);
    if (strange !== null)
      return this.#problem('holds a character that tools read differently', strange.index);
    try {
      return this.#readFully(allowance);
    } catch (error) {
      if (!(error instanceof ValueFault)) throw error;
      return this.#problem(error.message, error.offset);
    }
  }

  #readJson(): YamlReading {
    const value = parseJson(JSON.parse(this.text), maxDepth);
    return value === undefined ? this.#problem(`is nested deeper than ${maxDepth}`) : { value, doubled: [] };
  }

  #readFully(allowance: AliasAllowance): YamlReading {
    const { document, after } = this.#parse();
    const fault = document.errors[0] ?? document.warnings[0];
    if (fault !== undefined) {
      const message = (fault.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
      return this.#problem(message, fault.pos[0]);
    }
    if (after !== undefined)
      return this.#problem(
        'has text after its end (...), which kubectl does not read: write --- above it',
        after,
      );
    const reader = new ValueReader(this.text.length, allowance);
    const value = reader.read(document.contents);
    return { value, doubled: reader.doubled.map((offset) => this.#at(offset)) };
  }

  #problem(message: string, offset?: number): { readonly problem: YamlProblem } {
    const first = { line: this.#place.linesBefore + 1, column: 1 };
    return { problem: { ...(offset === undefined ? first : this.#at(offset)), message } };
  }

  /** Counted, not asked of the parser: what is wrong may be what keeps it from parsing. */
  #at(offset: number): Position {
    const above = this.text.slice(0, offset).split('\n');
    return this.#position(above.length, (above.at(-1)?.length ?? 0) + 1);
  }

  /** Where the value at `path` is, or the nearest value around it. */
  locate(path: Path): Position {
    const { document, lines } = this.#parse();
    for (let length = path.length; length > 0; length -= 1) {
      const offset = offsetOf(document.contents, path.slice(0, length));
      if (offset === undefined) continue;
      const { line, col } = lines.linePos(offset);
      return this.#position(line, col);
    }
    return this.#position(this.#firstLine(), 1);
  }

  #firstLine(): number {
    const lines = this.text.split('\n');
    return (
      Math.max(
        0,
        lines.findIndex((line) => /^[^\s#-]/.test(line)),
      ) + 1
    );
  }

  #position(line: number, column: number): Position {
    return { line: this.#place.linesBefore + line, column };
  }

  #parse(): ParsedText {
    this.#parsed ??= parseYaml(this.text);
    return this.#parsed;
  }
}

/** Where the key of a map's entry, or an item of a list, begins. */
function offsetOf(root: Node | null, path: Path): number | undefined {
  let node: unknown = root;
  let offset: number | undefined;
  for (const part of path) {
    const found = childOf(node, part);
    if (found === undefined) return undefined;
    offset = found.offset;
    node = found.node;
  }
  return offset;
}

function childOf(node: unknown, part: string | number): { node: unknown; offset: number } | undefined {
  if (isSeq(node)) return typeof part === 'number' ? placed(node.items[part], node.items[part]) : undefined;
  if (!isMap(node)) return undefined;
  // The last of a name is the one that counts.
  const pair = node.items.findLast(({ key }) => isScalar(key) && String(key.value) === part);
  return pair === undefined ? undefined : placed(pair.value, pair.key);
}

function placed(node: unknown, start: unknown): { node: unknown; offset: number } | undefined {
  const offset = isNode(start) ? start.range?.[0] : undefined;
  return offset === undefined ? undefined : { node, offset };
}
