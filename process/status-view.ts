/**
 * A live view of the status records under a prefix. Keeps the last known while NATS is away; a record of a silent process
 * is not live. A record that does not fit its schema is not believed.
 */
import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { statusBucket } from '../contract/index.ts';
import type { StatusBucket, StatusEntry } from './status-bucket.ts';

interface Word {
  readonly at: number;
}

/** Bound of a view; far more processes than one installation has. */
const maxRecords = 10_000;

export class StatusView<S extends TSchema> {
  readonly #records = new Map<string, Static<S>>();
  readonly #listeners: Array<() => void> = [];
  readonly #schema: S;
  readonly #now: () => number;

  constructor(bucket: StatusBucket, prefix: string, schema: S, { now }: { readonly now: () => number }) {
    this.#schema = schema;
    this.#now = now;
    bucket.watch(prefix, (entry) => this.#take(entry));
  }

  /** Records heard of within `deadAfterMs`, oldest key first. */
  live(): ReadonlyArray<Static<S>> {
    const oldest = this.#now() - statusBucket.deadAfterMs;
    return [...this.#records.values()].filter((record) => (record as unknown as Word).at >= oldest);
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  #take({ key, value }: StatusEntry): void {
    const record = value === undefined ? undefined : this.#parse(value);
    if (record === undefined) this.#records.delete(key);
    else if (this.#records.size < maxRecords || this.#records.has(key)) this.#records.set(key, record);
    for (const listener of this.#listeners) listener();
  }

  #parse(text: string): Static<S> | undefined {
    try {
      const value: unknown = JSON.parse(text);
      return Value.Check(this.#schema, value) ? value : undefined;
    } catch {
      return undefined;
    }
  }
}
