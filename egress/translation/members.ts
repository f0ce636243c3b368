/**
 * The members of one JSON object as a strict reader takes them: each by its name and type, and what nobody took is named at the
 * end, so that a member of tomorrow's API is never left out silently. null counts as absent, as the APIs have it.
 */
import { asObject, type JsonObject } from '../providers/index.ts';
import type { Notes } from './notes.ts';

export class Members {
  readonly path: string;
  readonly #object: JsonObject;
  readonly #notes: Notes;
  /** Made when a member is taken: a list may have very many objects that nobody reads. */
  #taken: Set<string> | undefined;

  /** `path`: of the object, empty for the outermost; a list's items share one (`messages[]`). */
  constructor(object: JsonObject, path: string, notes: Notes) {
    this.#object = object;
    this.path = path;
    this.#notes = notes;
  }

  pathOf(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }

  /** Whatever it is; undefined: absent. */
  any(name: string): unknown {
    this.#take(name);
    return Object.hasOwn(this.#object, name) ? (this.#object[name] ?? undefined) : undefined;
  }

  text(name: string): string | undefined {
    const value = this.any(name);
    return value === undefined || typeof value === 'string' ? value : this.#wrong(name, 'text');
  }

  number(name: string): number | undefined {
    const value = this.any(name);
    return value === undefined || typeof value === 'number' ? value : this.#wrong(name, 'a number');
  }

  flag(name: string): boolean | undefined {
    const value = this.any(name);
    return value === undefined || typeof value === 'boolean' ? value : this.#wrong(name, 'true or false');
  }

  /** As it is: a schema, or other people's data. */
  json(name: string): JsonObject | undefined {
    const value = this.any(name);
    return value === undefined ? undefined : (asObject(value) ?? this.#wrong(name, 'an object'));
  }

  object(name: string): Members | undefined {
    const value = this.json(name);
    return value === undefined ? undefined : new Members(value, this.pathOf(name), this.#notes);
  }

  list(name: string): readonly unknown[] {
    const value = this.any(name);
    // Nothing comes of it any more.
    if (value === undefined || this.#notes.isBlocked) return [];
    return Array.isArray(value) ? value : (this.#wrong(name, 'a list') ?? []);
  }

  /** A list of objects. */
  objects(name: string): Members[] {
    return objectsOf(this.list(name), this.pathOf(name), this.#notes);
  }

  /** It has none of these, or the call is not what it would be without. */
  refuse(why: string, ...names: readonly string[]): void {
    for (const name of names) if (this.any(name) !== undefined) this.#notes.block(this.pathOf(name), why);
  }

  /** It makes no difference to what the answer says. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.#take(name);
  }

  #take(name: string): void {
    this.#taken ??= new Set();
    this.#taken.add(name);
  }

  /** What nobody took. */
  rest(): string[] {
    return Object.keys(this.#object).filter(
      (name) => this.#taken?.has(name) !== true && (this.#object[name] ?? undefined) !== undefined,
    );
  }

  /** Names what was not taken. */
  end(): void {
    for (const name of this.rest()) this.#notes.drop(this.pathOf(name));
  }

  #wrong(name: string, what: string): undefined {
    this.#notes.block(this.pathOf(name), `is not ${what}`);
    return undefined;
  }
}

/** Each item of a list as an object, until something is in the way; `path` is the list's. */
export function objectsOf(list: readonly unknown[], path: string, notes: Notes): Members[] {
  const members: Members[] = [];
  for (const item of list) {
    if (notes.isBlocked) break;
    const object = asObject(item);
    if (object === undefined) notes.block(`${path}[]`, 'is not an object');
    else members.push(new Members(object, `${path}[]`, notes));
  }
  return members;
}
