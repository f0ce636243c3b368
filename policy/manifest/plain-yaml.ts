/**
 * Reads the YAML that programs write (block maps and lists, one scalar a line) several times faster than the full
 * parser, which gets everything else: `undefined` means "not plain", never "wrong". It must never give a value the full
 * parser would not give; test/policy/manifest/plain-yaml.test.ts compares the two on random documents.
 */
import type { Json, JsonObject } from './json.ts';

class NotPlain extends Error {}

interface Line {
  indent: number;
  text: string;
}

// Deeper than any manifest; the full parser and its own bound decide beyond.
const maxDepth = 48;
// What YAML 1.1 (which kubectl and cdk8s speak) reads as something other than a string.
const words = new Set(['y', 'n', 'yes', 'no', 'on', 'off', 'true', 'false', 'null', '~']);
const plainKey = /^[A-Za-z_][\w./-]*$/;
const integer = /^-?(?:0|[1-9]\d{0,14})$/;
// Digits first and clearly text: 10.1.2.3, 10.20.0.0/16, 512Mi, 100s, 2026-01-02. Hex, floats and times are not here.
const digitText = /^\d+(?:\.\d+){2,}(?:\/\d+)?$|^[1-9]\d*[A-DF-WYZa-df-wyz]\w*$|^\d+(?:-\w+)+$/;
const plainStart = /^[A-Za-z_/$(]/;

/** The value of one document, or undefined when only the full parser can tell. */
export function readPlainYaml(text: string): Json | undefined {
  try {
    const reader = new PlainReader(splitLines(text));
    return reader.document();
  } catch (error) {
    if (error instanceof NotPlain) return undefined;
    throw error;
  }
}

function splitLines(text: string): Line[] {
  // Tabs, carriage returns, control characters and white space beyond ASCII have rules of their own.
  if (/[^\n\x20-\x7e\u00a1-\u024f]/.test(text)) throw new NotPlain();
  const lines: Line[] = [];
  for (const raw of text.split('\n')) {
    const content = raw.trim();
    if (content !== '' && !content.startsWith('#'))
      lines.push({ indent: raw.indexOf(content), text: content });
  }
  return lines;
}

class PlainReader {
  readonly #lines: readonly Line[];
  #at = 0;

  constructor(lines: readonly Line[]) {
    this.#lines = lines;
  }

  document(): Json {
    const [first] = this.#lines;
    if (first === undefined) return null;
    if (first.indent !== 0) throw new NotPlain();
    const value = this.#block(0, 0);
    if (this.#at !== this.#lines.length) throw new NotPlain();
    return value;
  }

  #block(indent: number, depth: number): Json {
    if (depth > maxDepth) throw new NotPlain();
    return isItem(this.#lines[this.#at]?.text ?? '') ? this.#list(indent, depth) : this.#map(indent, depth);
  }

  #list(indent: number, depth: number): Json[] {
    const items: Json[] = [];
    for (
      let line = this.#lines[this.#at];
      line?.indent === indent && isItem(line.text);
      line = this.#lines[this.#at]
    ) {
      const rest = line.text.slice(1).trimStart();
      if (rest === '') {
        this.#at += 1;
        items.push(this.#nested(indent + 1, depth));
        continue;
      }
      if (isItem(rest)) throw new NotPlain();
      if (entryOf(rest) === undefined) {
        items.push(this.#scalarLine(rest, indent));
        continue;
      }
      // `- key: value` opens a map whose entries stand under `key`.
      line.indent += line.text.length - rest.length;
      line.text = rest;
      items.push(this.#map(line.indent, depth + 1));
    }
    return items;
  }

  #map(indent: number, depth: number): JsonObject {
    if (depth > maxDepth) throw new NotPlain();
    const map: Record<string, Json> = {};
    for (let line = this.#lines[this.#at]; line?.indent === indent; line = this.#lines[this.#at]) {
      const entry = entryOf(line.text);
      if (entry === undefined || Object.hasOwn(map, entry.key) || entry.key === '__proto__')
        throw new NotPlain();
      if (entry.rest !== '') {
        map[entry.key] = this.#scalarLine(entry.rest, indent);
        continue;
      }
      this.#at += 1;
      map[entry.key] = this.#valueBelow(indent, depth);
    }
    return map;
  }

  /** What stands below `key:`: a block further in, or a list at the same depth. */
  #valueBelow(indent: number, depth: number): Json {
    const next = this.#lines[this.#at];
    if (next?.indent === indent && isItem(next.text)) return this.#list(indent, depth + 1);
    return this.#nested(indent + 1, depth);
  }

  #nested(least: number, depth: number): Json {
    const next = this.#lines[this.#at];
    if (next === undefined || next.indent < least) return null;
    const value = this.#block(next.indent, depth + 1);
    const after = this.#lines[this.#at];
    if (after !== undefined && after.indent >= least) throw new NotPlain();
    return value;
  }

  #scalarLine(text: string, indent: number): Json {
    this.#at += 1;
    const next = this.#lines[this.#at];
    // A scalar that goes on in the next line.
    if (next !== undefined && next.indent > indent) throw new NotPlain();
    return scalar(text);
  }
}

function isItem(text: string): boolean {
  return text === '-' || text.startsWith('- ');
}

/** Where a plain key ends. */
function colonOf(text: string): number {
  const space = text.indexOf(': ');
  return space < 0 && text.endsWith(':') ? text.length - 1 : space;
}

/** `key:` or `key: value`; undefined when it is no entry with a plain or simply quoted key. */
function entryOf(text: string): { readonly key: string; readonly rest: string } | undefined {
  if (text.startsWith('"')) {
    const quoted = /^"([^"\\]*)":(?: +([^ ].*))?$/.exec(text);
    return quoted === null ? undefined : { key: quoted[1] ?? '', rest: quoted[2] ?? '' };
  }
  const colon = colonOf(text);
  if (colon < 1) return undefined;
  const key = text.slice(0, colon);
  if (!plainKey.test(key) || words.has(key.toLowerCase())) {
    // Quotes and brackets may hold a colon; a plain key of another shape is for the full parser.
    if (text.startsWith("'")) return undefined;
    throw new NotPlain();
  }
  return { key, rest: text.slice(colon + 1).trimStart() };
}

const literals = new Map<string, Json>([
  ['true', true],
  ['false', false],
  ['null', null],
]);

function scalar(text: string): Json {
  if (text.startsWith('"')) return doubleQuoted(text);
  if (text.startsWith("'")) return singleQuoted(text);
  if (text === '{}') return {};
  if (text === '[]') return [];
  const literal = literals.get(text);
  if (literal !== undefined) return literal;
  if (integer.test(text) && text !== '-0') return Number(text);
  if (!isPlainText(text)) throw new NotPlain();
  return text;
}

function isPlainText(text: string): boolean {
  if (text.includes(': ') || text.includes(' #') || text.endsWith(':')) return false;
  return (plainStart.test(text) || digitText.test(text)) && !words.has(text.toLowerCase());
}

function doubleQuoted(text: string): string {
  if (!/^"(?:[^"\\]|\\["\\nt])*"$/.test(text)) throw new NotPlain();
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'string') throw new NotPlain();
  return value;
}

function singleQuoted(text: string): string {
  if (!/^'(?:[^']|'')*'$/.test(text)) throw new NotPlain();
  return text.slice(1, -1).replaceAll("''", "'");
}
