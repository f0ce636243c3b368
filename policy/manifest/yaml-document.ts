/**
 * One YAML file as its documents: values by the plain reader where it can, by the full parser where it must, and the
 * line of any value on request (only what is complained about is parsed for its place). YAML 1.1, as kubectl reads it,
 * without the types JSON has not (times, binary, sets). It must never read a file: text comes in.
 */
import {
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
  type ParsedNode,
  type Tags,
} from 'yaml';
import { parseJson, type Json } from './json.ts';
import type { Path } from './path.ts';
import { readPlainYaml } from './plain-yaml.ts';

/** From 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface YamlProblem extends Position {
  readonly message: string;
}

/** YAML aliases expand; this is the parser's own default against "billion laughs". */
const maxAliasCount = 100;
/** The API server's JSON decoder stops at 10,000; no manifest comes near this. */
const maxDepth = 200;

const foreignTags = new Set(['timestamp', 'binary', 'omap', 'pairs', 'set']);

/** go-yaml, which kubectl uses, knows no sexagesimal numbers either. */
function jsonTags(tags: Tags): Tags {
  return tags.filter((tag) => {
    if (typeof tag === 'string') return !foreignTags.has(tag);
    return tag.format !== 'TIME' && !foreignTags.has(tag.tag.replace('tag:yaml.org,2002:', ''));
  });
}

export class YamlDocument {
  readonly text: string;
  /** Lines of the file above this document. */
  readonly #linesBefore: number;
  #parsed: { readonly document: Document.Parsed<ParsedNode>; readonly lines: LineCounter } | undefined;

  constructor(text: string, linesBefore: number) {
    this.text = text;
    this.#linesBefore = linesBefore;
  }

  /** The value, or what is wrong with it. */
  read(): { readonly value: Json } | { readonly problem: YamlProblem } {
    const plain = readPlainYaml(this.text);
    if (plain !== undefined) return { value: plain };
    if (/^(?:(?:[%#].*|\s*)(?:\n|$))*$/.test(this.text)) return { value: null };
    try {
      return this.#readFully();
    } catch (error) {
      // The stack ends before the text does, or aliases expand beyond the bound.
      const deep = error instanceof RangeError;
      const message = deep ? 'is nested too deeply' : 'expands aliases beyond the bound of 100';
      return { problem: { line: this.#linesBefore + 1, column: 1, message } };
    }
  }

  #readFully(): { readonly value: Json } | { readonly problem: YamlProblem } {
    const { document, lines } = this.#parse();
    const [error] = document.errors;
    if (error !== undefined) {
      const place = lines.linePos(error.pos[0]);
      const message = (error.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
      return { problem: { ...this.#position(place.line, place.col), message } };
    }
    const value = parseJson(document.toJS({ maxAliasCount }), maxDepth);
    if (value !== undefined) return { value };
    const message = `holds what JSON cannot, or is nested deeper than ${maxDepth}`;
    return { problem: { line: this.#linesBefore + 1, column: 1, message } };
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
    return { line: this.#linesBefore + line, column };
  }

  #parse(): { readonly document: Document.Parsed<ParsedNode>; readonly lines: LineCounter } {
    if (this.#parsed === undefined) {
      const lines = new LineCounter();
      const options = {
        lineCounter: lines,
        version: '1.1',
        customTags: jsonTags,
        logLevel: 'silent',
      } as const;
      this.#parsed = { document: parseDocument(this.text, options), lines };
    }
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
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === part);
  return pair === undefined ? undefined : placed(pair.value, pair.key);
}

function placed(node: unknown, start: unknown): { node: unknown; offset: number } | undefined {
  const offset = isNode(start) ? start.range?.[0] : undefined;
  return offset === undefined ? undefined : { node, offset };
}

/** The documents of a file. `---` at the start of a line always ends one, even inside a block scalar (YAML 1.1, 9.1.2). */
export function splitYaml(text: string): YamlDocument[] {
  const documents: YamlDocument[] = [];
  let start = 0;
  let before = 0;
  let lines = 0;
  for (let at = 0; at < text.length;) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline + 1;
    lines += 1;
    if (text.startsWith('---', at) && /^---\s*(?:#.*)?$/.test(text.slice(at, end).trimEnd())) {
      documents.push(new YamlDocument(text.slice(start, at), before));
      start = end;
      before = lines;
    }
    at = end;
  }
  documents.push(new YamlDocument(text.slice(start), before));
  return documents;
}
