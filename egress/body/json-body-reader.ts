/**
 * A JSON body from its scanner to its result: what is wanted of it, and what to make of it, come from a `JsonShape`. Pure.
 */
import type { BodyResult, PlainReader } from './body-result.ts';
import { JsonScanner, type JsonProblem, type JsonValue } from './json-scanner.ts';
import { jsonProblems, type Unreadable } from './unreadable.ts';
import type { Wanted } from './wanted.ts';

export interface JsonShape {
  readonly wanted: Wanted;
  /** A wanted value, in the order they end. Not undefined: the body is refused for it. */
  value(value: JsonValue): Unreadable | undefined;
  /** All of it was read. */
  result(): BodyResult;
}

export class JsonBodyReader implements PlainReader {
  readonly #shape: JsonShape;
  readonly #scanner: JsonScanner;
  #refused: Unreadable | undefined;

  constructor(shape: JsonShape) {
    this.#shape = shape;
    this.#scanner = new JsonScanner(shape.wanted, (value) => {
      this.#refused = shape.value(value);
      return this.#refused === undefined;
    });
  }

  push(bytes: Buffer): Unreadable | undefined {
    return this.#told(this.#scanner.push(bytes));
  }

  end(): BodyResult {
    return this.#told(this.#scanner.end()) ?? this.#shape.result();
  }

  #told(problem: JsonProblem | undefined): Unreadable | undefined {
    return this.#refused ?? (problem === undefined ? undefined : jsonProblems[problem]);
  }
}
