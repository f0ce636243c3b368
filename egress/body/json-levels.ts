/**
 * The objects and arrays of a JSON text that are open: how deep, which names each object has, and what is wanted inside.
 * A member name that could be read as another one is refused here. Pure; memory is bounded by its limits.
 */
import { Buffer } from 'node:buffer';
import { decodeString, type JsonToken } from './json-token.ts';
import { NameTable } from './name-table.ts';
import { foldName, type Wanted } from './wanted.ts';

export interface JsonLimits {
  readonly depth: number;
  /** Of one object. */
  readonly members: number;
  readonly totalMembers: number;
  /** Bytes of a member name as written. */
  readonly nameBytes: number;
}

/** 128 levels is what serde_json reads; the rest is far above what requests to models and tools hold. */
export const jsonLimits: JsonLimits = {
  depth: 128,
  members: 16_384,
  totalMembers: 524_288,
  nameBytes: 1_024,
};

export type NameProblem = 'repeated-name' | 'odd-name' | 'too-many-members';

export class JsonLevels {
  readonly #limits: JsonLimits;
  readonly #names = new NameTable();
  readonly #objects: boolean[] = [];
  readonly #wanted: Array<Wanted | undefined> = [];
  readonly #starts: number[] = [];
  #members = 0;

  constructor(limits: JsonLimits) {
    this.#limits = limits;
  }

  get depth(): number {
    return this.#objects.length;
  }

  get work(): number {
    return this.#names.work;
  }

  get inObject(): boolean {
    return this.#objects[this.#objects.length - 1] === true;
  }

  /** What is wanted of the innermost one. */
  get wanted(): Wanted | undefined {
    return this.#wanted[this.#wanted.length - 1];
  }

  /** Where the innermost one starts. */
  get start(): number {
    return this.#starts[this.#starts.length - 1] ?? 0;
  }

  /** Has the innermost object no member so far? */
  get empty(): boolean {
    return this.#names.members === 0;
  }

  /** False: too deep. */
  open(isObject: boolean, wanted: Wanted | undefined, start: number): boolean {
    if (this.#objects.length >= this.#limits.depth) return false;
    this.#objects.push(isObject);
    this.#wanted.push(wanted);
    this.#starts.push(start);
    if (isObject) this.#names.open();
    return true;
  }

  close(): void {
    if (this.#objects.pop() === true) this.#names.close();
    this.#wanted.pop();
    this.#starts.pop();
  }

  /** A name of the innermost object. */
  name(token: JsonToken): Wanted | NameProblem | undefined {
    const { wanted } = this;
    const decides = wanted?.members !== undefined;
    if (!token.escaped && !decides) return this.#add(token.source, token.from + 1, token.to - 1);
    const text = decodeString(token);
    if (text === undefined) return 'odd-name';
    if (!token.escaped) return this.#add(token.source, token.from + 1, token.to - 1) ?? child(wanted, text);
    const plain = Buffer.from(text);
    return this.#add(plain, 0, plain.length) ?? child(wanted, text);
  }

  #add(bytes: Uint8Array, start: number, end: number): NameProblem | undefined {
    this.#members += 1;
    const { members, totalMembers } = this.#limits;
    if (this.#members > totalMembers || this.#names.members >= members) return 'too-many-members';
    const verdict = this.#names.add(bytes, start, end);
    if (verdict === 'new') return undefined;
    return verdict === 'repeated' ? 'repeated-name' : 'too-many-members';
  }
}

function child(wanted: Wanted | undefined, name: string): Wanted | 'odd-name' | undefined {
  const members = wanted?.members;
  const found = members?.named.get(name);
  if (members === undefined || found !== undefined) return found;
  return members.folded.has(foldName(name)) ? 'odd-name' : members.others;
}
