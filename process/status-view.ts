/**
 * A live view of the status records under a prefix. Keeps the last known while NATS is away; a record of a silent process
 * is not live, and is forgotten when room is needed. Each namespace has a share of the view, so that whoever may write below
 * its own names cannot keep others out. A record that does not fit its schema, or that stands under a key other than its own, is not believed: it is
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

/** Of one namespace, live; far more processes than a tenant has. */
const namespaceShare = 1_000;
/** Of all. */
const maxRecords = 100_000;

interface Heard<R> {
  readonly record: R;
  /** When it was said, or heard if it claims a later time: nobody is alive in advance. Unix milliseconds. */
  readonly at: number;
}

/** `worker.<namespace>`, `egress.<namespace>`, `ingress.<namespace>`. */
function ownerOf(key: string): string {
  return key.split('.', 2).join('.');
}

export interface StatusViewOptions {
  readonly now: () => number;
  /** A record was not believed. */
  readonly onRefused?: (key: string) => void;
}

export class StatusView<S extends TSchema> {
  readonly #records = new Map<string, Heard<Static<S>>>();
  /** How many of `#records` are of each owner. */
  readonly #counts = new Map<string, number>();
  #lookedAt = Number.NEGATIVE_INFINITY;
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
    const oldest = this.#oldest;
    return [...this.#records.values()].filter(({ at }) => at >= oldest).map(({ record }) => record);
  }

  get #oldest(): number {
    return this.#options.now() - statusBucket.deadAfterMs;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  #take({ key, value }: StatusEntry): void {
    if (value === undefined) this.#forget(key);
    else {
      const record = this.#parse(value);
      if (record === undefined || keyOfStatus(record) !== key) {
        this.#options.onRefused?.(key);
        return;
      }
      const at = Math.min((record as StatusWord).at, this.#options.now());
      if (!this.#keep(key, { record, at })) {
        this.#options.onRefused?.(key);
        return;
      }
    }
    for (const listener of this.#listeners) listener();
  }

  /** False: there is no room for it. */
  #keep(key: string, heard: Heard<Static<S>>): boolean {
    if (!this.#records.has(key)) {
      const owner = ownerOf(key);
      if (!this.#hasRoom(owner)) this.#forgetDead();
      if (!this.#hasRoom(owner)) return false;
      this.#counts.set(owner, (this.#counts.get(owner) ?? 0) + 1);
    }
    this.#records.set(key, heard);
    return true;
  }

  #hasRoom(owner: string): boolean {
    return this.#records.size < maxRecords && (this.#counts.get(owner) ?? 0) < namespaceShare;
  }

  #forget(key: string): void {
    if (!this.#records.delete(key)) return;
    const owner = ownerOf(key);
    const left = (this.#counts.get(owner) ?? 1) - 1;
    if (left > 0) this.#counts.set(owner, left);
    else this.#counts.delete(owner);
  }

  /** At most once a second: whoever has used up a share could make every record cost a look at all. */
  #forgetDead(): void {
    const now = this.#options.now();
    if (now - this.#lookedAt < 1_000) return;
    this.#lookedAt = now;
    const oldest = this.#oldest;
    for (const [key, { at }] of [...this.#records]) if (at < oldest) this.#forget(key);
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
