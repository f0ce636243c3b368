/**
 * A live view of the status records under a prefix. Keeps the last known while NATS is away; a record of a silent process
 * is not live. A record that does not fit its schema, or that stands under a key other than its own, is not believed: it is
 * dropped and counted, and what was known before stays.
 */
import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import {
  keyOfStatus,
  statusBucket,
  type GatewayStatus,
  type IngressStatus,
  type WorkerStatus,
} from '../contract/index.ts';
import type { StatusEntry, StatusSource } from './status-bucket.ts';

type StatusWord = WorkerStatus | GatewayStatus | IngressStatus;

/** Bound of a view; far more processes than one installation has. */
const maxRecords = 10_000;

export interface StatusViewOptions {
  readonly now: () => number;
  /** A record was not believed. */
  readonly onRefused?: (key: string) => void;
}

export class StatusView<S extends TSchema> {
  readonly #records = new Map<string, Static<S>>();
  readonly #listeners: Array<() => void> = [];
  readonly #schema: S;
  readonly #options: StatusViewOptions;

  constructor(source: StatusSource, prefix: string, schema: S, options: StatusViewOptions) {
    this.#schema = schema;
    this.#options = options;
    source.watch(prefix, (entry) => this.#take(entry));
  }

  /** Records heard of within `deadAfterMs`, oldest key first. */
  live(): ReadonlyArray<Static<S>> {
    const oldest = this.#options.now() - statusBucket.deadAfterMs;
    return [...this.#records.values()].filter((record) => (record as StatusWord).at >= oldest);
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  #take({ key, value }: StatusEntry): void {
    if (value === undefined) this.#records.delete(key);
    else {
      const record = this.#parse(value);
      if (record === undefined || keyOfStatus(record) !== key) {
        this.#options.onRefused?.(key);
        return;
      }
      if (this.#records.size < maxRecords || this.#records.has(key)) this.#records.set(key, record);
    }
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
