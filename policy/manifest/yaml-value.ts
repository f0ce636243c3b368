/**
 * The nodes of a parsed YAML document as JSON values. An alias costs nothing here, because it shares the value of its
 * anchor; what is bounded is the size the document has once all are written out, so that nothing that walks the value
 * later pays for what was never written. What kubectl and kustomize read differently is refused, never guessed.
 */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Alias,
  type Pair,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { isObject, type Json } from './json.ts';

/** The API server's JSON decoder stops at 10,000; no manifest comes near this. */
export const maxDepth = 200;
/** Characters and values that aliases may add to a document. etcd takes 1.5 MB an object. */
const maxAddedSize = 4 * 1024 * 1024;

const maxDoubled = 10;

/** Why a document has no value; `offset` is where in its text, when that is known. */
export class ValueFault extends Error {
  readonly offset: number | undefined;

  constructor(message: string, node?: unknown) {
    super(message);
    this.offset = offsetOf(node);
  }
}

function offsetOf(node: unknown): number | undefined {
  const ranged = node as { readonly range?: readonly [number, ...number[]] | null } | null | undefined;
  return ranged?.range?.[0];
}

const maxAddedTogether = 64 * 1024 * 1024;

/** What aliases may add to all documents of one reading together. */
export interface AliasAllowance {
  left: number;
}

export function aliasAllowance(): AliasAllowance {
  return { left: maxAddedTogether };
}

interface Sized {
  readonly value: Json;
  /** Values and characters, aliases written out. */
  readonly size: number;
  readonly height: number;
}

interface Entry {
  readonly sized: Sized;
  /** Of the key as YAML has it: 1 and "1" are two keys there and one in JSON. */
  readonly keyType: string;
  readonly merged: boolean;
}

export class ValueReader {
  /** Offsets of keys that stand twice in one map, the first few: the last of them counts, as for kubectl. */
  readonly doubled: number[] = [];
  readonly #anchors = new Map<string, Sized>();
  readonly #sizes = new WeakMap<object, Sized>();
  readonly #allowance: AliasAllowance;
  readonly #limit: number;

  /** `length` is of the text: what is written out is no expansion. */
  constructor(length: number, allowance: AliasAllowance) {
    // Every value and key has a character of the text at least, and the characters it is made of.
    this.#limit = 2 * length + maxAddedSize;
    this.#allowance = allowance;
  }

  read(root: unknown): Json {
    return this.#node(root, 0).value;
  }

  #node(node: unknown, depth: number): Sized {
    if (depth > maxDepth) throw new ValueFault(`is nested deeper than ${maxDepth}`, node);
    if (isAlias(node)) return this.#alias(node, depth);
    const sized = this.#content(node, depth);
    const anchor = (node as { readonly anchor?: string } | null)?.anchor;
    if (anchor !== undefined) this.#anchors.set(anchor, sized);
    return sized;
  }

  /** Of a value that was read before. */
  #known(value: Json): Sized {
    return (
      (typeof value === 'object' && value !== null ? this.#sizes.get(value) : undefined) ?? scalarOf(value)
    );
  }

  #content(node: unknown, depth: number): Sized {
    if (node === null || node === undefined) return { value: null, size: 1, height: 0 };
    if (isMap(node)) return this.#map(node, depth);
    if (isSeq(node)) return this.#list(node, depth);
    const value = isScalar(node) ? node.value : undefined;
    if (!isJsonScalar(value)) throw new ValueFault('holds what JSON cannot', node);
    if (isScalar(node) && isDisputedNumber(node, value)) throw disputed(node);
    return scalarOf(value);
  }

  #alias(node: Alias, depth: number): Sized {
    const sized = this.#anchors.get(node.source);
    if (sized === undefined)
      throw new ValueFault(`has an alias *${node.source.slice(0, 40)} without an anchor above it`, node);
    if (depth + sized.height > maxDepth) throw new ValueFault(`is nested deeper than ${maxDepth}`, node);
    this.#spend(sized.size, node);
    return sized;
  }

  #list({ items }: YAMLSeq, depth: number): Sized {
    const values: Json[] = [];
    const sum = new Sum(this.#limit);
    for (const item of items) values.push(sum.add(this.#node(item, depth + 1), item));
    return this.#keep({ value: values, ...sum.total });
  }

  #map({ items }: YAMLMap, depth: number): Sized {
    const entries = new Map<string, Entry>();
    let merges = 0;
    for (const pair of items) {
      if (!isMergeKey(pair.key)) {
        this.#entry(entries, pair, depth);
        continue;
      }
      merges += 1;
      if (merges > 1) throw new ValueFault('merges (<<) twice in one map', pair.key);
      this.#merge(entries, pair, depth);
    }
    const sum = new Sum(this.#limit);
    const members = [...entries].map(([key, { sized }]) => [key, sum.add(sized, null, key.length)] as const);
    // Not by assignment: a key may be named __proto__.
    return this.#keep({ value: Object.fromEntries(members), ...sum.total });
  }

  #keep(sized: Sized & { readonly value: object }): Sized {
    this.#sizes.set(sized.value, sized);
    return sized;
  }

  #entry(entries: Map<string, Entry>, { key, value }: Pair, depth: number): void {
    const scalar = this.#node(key, depth + 1).value;
    if (scalar === null || typeof scalar === 'object')
      throw new ValueFault('has a key that is no text', key ?? value);
    const name = String(scalar);
    const known = entries.get(name);
    const keyType = typeof scalar;
    if (known !== undefined && known.keyType !== keyType)
      throw new ValueFault(`has the key ${JSON.stringify(name)} as text and as ${keyType}`, key);
    if (known?.merged === false && this.doubled.length < maxDoubled) this.doubled.push(offsetOf(key) ?? 0);
    entries.set(name, { sized: this.#node(value, depth + 1), keyType, merged: false });
  }

  #merge(entries: Map<string, Entry>, { value }: Pair, depth: number): void {
    for (const source of isSeq(value) ? value.items : [value]) {
      const { value: map, size } = this.#node(source, depth + 1);
      if (!isObject(map)) throw new ValueFault('merges (<<) something that is no map', source);
      this.#spend(size, source);
      for (const [name, inner] of Object.entries(map)) this.#mergeOne(entries, name, inner ?? null, source);
    }
  }

  /** Keys written below a merge override it for everybody. Above it they do for kustomize, not for kubectl. */
  #mergeOne(entries: Map<string, Entry>, name: string, value: Json, source: unknown): void {
    const known = entries.get(name);
    if (known?.merged === false)
      throw new ValueFault(`merges (<<) the key ${JSON.stringify(name)} after setting it`, source);
    if (known === undefined)
      entries.set(name, { sized: this.#known(value), keyType: 'string', merged: true });
  }

  #spend(size: number, node: unknown): void {
    this.#allowance.left -= size;
    if (this.#allowance.left < 0) throw tooMuch(node);
  }
}

/** Adds up what a list or map holds, and stops when it is too much. */
class Sum {
  readonly #limit: number;
  #size = 1;
  #height = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add({ value, size, height }: Sized, at: unknown, extra = 0): Json {
    this.#size += size + extra;
    this.#height = Math.max(this.#height, height + 1);
    if (this.#size > this.#limit) throw tooLarge(at);
    return value;
  }

  get total(): { readonly size: number; readonly height: number } {
    return { size: this.#size, height: this.#height };
  }
}

function tooMuch(at: unknown): ValueFault {
  const most = `${maxAddedTogether / 1_048_576} MiB`;
  return new ValueFault(`adds more than ${most}, with the documents before it, by aliases`, at);
}

function tooLarge(at: unknown): ValueFault {
  const most = `${maxAddedSize / 1_048_576} MiB`;
  return new ValueFault(`is larger than ${most} once its aliases are written out`, at);
}

/** What Go's strconv makes a number of and YAML 1.1 does not: kubectl reads 0o10 as 8. */
const goNumber =
  /^[-+]?(?:0[xX][\da-fA-F]+|0[oO][0-7]+|0[bB][01]+|\d+|(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?)$/;

function isDisputedNumber({ type, tag, source }: Scalar, value: string | number | boolean | null): boolean {
  if (type !== 'PLAIN' || tag !== undefined) return false;
  // Behind a dot Go reads no underscore; in front of all digits it begins no number.
  if (typeof value === 'number') return /^\.\d*_/.test(source ?? '');
  return typeof value === 'string' && !value.startsWith('_') && goNumber.test(value.replaceAll('_', ''));
}

function disputed(node: Scalar): ValueFault {
  const text = node.source ?? '';
  return new ValueFault(
    `has ${text.slice(0, 40)}, a number for some tools and text for others: quote it`,
    node,
  );
}

function scalarOf(value: Json): Sized {
  return { value, size: typeof value === 'string' ? value.length + 1 : 1, height: 0 };
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && typeof key.value === 'symbol' && key.value.description === '<<';
}

function isJsonScalar(value: unknown): value is string | number | boolean | null {
  if (typeof value === 'number') return Number.isFinite(value);
  return value === null || typeof value === 'string' || typeof value === 'boolean';
}
