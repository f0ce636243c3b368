/**
 * A live view of the status records under a prefix. Keeps the last known while NATS is away. Alive is who was heard, by our
 * own clock: what a record says of the time is compared with what it said before, never with now, because clocks differ.
 * Each namespace has a share of the view, so that whoever may write below its own names cannot keep others out; in it, the
 * dead make room first. A record that does not fit its schema, or that stands under a key other than its own, is not
 * believed: it is dropped and counted, and what was known before stays.
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

/** Of one namespace; far more processes than a tenant has. */
const namespaceShare = 1_000;
/** Of all. */
const maxRecords = 100_000;
/**
 * A first word that claims to be older may be of somebody long dead, or of a clock that is wrong: the next word tells, which
 * comes within a heartbeat.
 */
const doubtfulAgeMs = 60_000;

interface Heard<R> {
  /** As said, with `at` in our own time. */
  readonly record: R;
  /** As said. */
  readonly saidAt: number;
  readonly heardAt: number;
}

/** What is known of one namespace: least lately heard first. */
interface Owner<R> {
  readonly heard: Map<string, Heard<R>>;
  /** First words that are too old to be believed: what they said. */
  readonly doubtful: Map<string, number>;
}

/** `worker.<namespace>`, `egress.<namespace>`, `ingress.<namespace>`. */
function ownerName(key: string): string {
  return key.split('.', 2).join('.');
}

export interface StatusViewOptions {
  /** Milliseconds that only go forward, near to Unix time. */
  readonly now: () => number;
  /** A record was not believed. */
  readonly onRefused?: (key: string) => void;
}

export class StatusView<S extends TSchema> {
  readonly #owners = new Map<string, Owner<Static<S>>>();
  #size = 0;
  #sweptAt = Number.NEGATIVE_INFINITY;
  readonly #listeners: Array<() => void> = [];
  readonly #schema: S;
  readonly #options: StatusViewOptions;

  constructor(source: StatusSource, prefix: string, schema: S, options: StatusViewOptions) {
    this.#schema = schema;
    this.#options = options;
    source.watch(prefix, (entry) => this.#take(entry));
  }

  /** Records heard of within `deadAfterMs`. Their `at` is when they were heard, by our clock. */
  live(): ReadonlyArray<Static<S>> {
    const oldest = this.#oldest;
    return [...this.#owners.values()].flatMap(({ heard }) =>
      [...heard.values()].filter(({ heardAt }) => heardAt >= oldest).map(({ record }) => record),
    );
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
      const word = record as StatusWord | undefined;
      if (record === undefined || word === undefined || keyOfStatus(word) !== key || !this.#hear(key, word)) {
        this.#options.onRefused?.(key);
        return;
      }
    }
    for (const listener of this.#listeners) listener();
  }

  /** False: there is no room for it. */
  #hear(key: string, word: StatusWord): boolean {
    const owner = this.#ownerOf(key);
    const known = owner.heard.get(key);
    // The bucket brings each record again now and then: nobody has spoken.
    if (known?.saidAt === word.at) return true;
    if (known === undefined && this.#isDoubtful(owner, key, word.at)) return true;
    if (known === undefined && !this.#makeRoom(owner)) return false;
    const heardAt = this.#options.now();
    owner.heard.delete(key);
    owner.heard.set(key, { record: { ...word, at: heardAt } as Static<S>, saidAt: word.at, heardAt });
    if (known === undefined) this.#size += 1;
    return true;
  }

  #isDoubtful({ doubtful }: Owner<Static<S>>, key: string, saidAt: number): boolean {
    const before = doubtful.get(key);
    if (before === undefined ? saidAt > this.#options.now() - doubtfulAgeMs : before !== saidAt) {
      doubtful.delete(key);
      return false;
    }
    doubtful.delete(key);
    doubtful.set(key, saidAt);
    const [oldest] = doubtful.keys();
    if (doubtful.size > namespaceShare && oldest !== undefined) doubtful.delete(oldest);
    return true;
  }

  #ownerOf(key: string): Owner<Static<S>> {
    const name = ownerName(key);
    const owner = this.#owners.get(name) ?? { heard: new Map(), doubtful: new Map() };
    this.#owners.set(name, owner);
    return owner;
  }

  #makeRoom(owner: Owner<Static<S>>): boolean {
    if (owner.heard.size >= namespaceShare) this.#forgetDead(owner, 1);
    if (this.#size >= maxRecords) this.#sweep();
    return owner.heard.size < namespaceShare && this.#size < maxRecords;
  }

  #forget(key: string): void {
    const name = ownerName(key);
    const owner = this.#owners.get(name);
    if (owner === undefined) return;
    if (owner.heard.delete(key)) this.#size -= 1;
    owner.doubtful.delete(key);
    if (owner.heard.size + owner.doubtful.size === 0) this.#owners.delete(name);
  }

  /** At most so many: whoever was heard least lately is first. */
  #forgetDead(owner: Owner<Static<S>>, most: number): void {
    const oldest = this.#oldest;
    let left = most;
    for (const [key, { heardAt }] of owner.heard) {
      if (heardAt >= oldest || left === 0) return;
      this.#forget(key);
      left -= 1;
    }
  }

  /** At most once a second: whoever has used up what there is could make every record cost a look at all. */
  #sweep(): void {
    const now = this.#options.now();
    if (now - this.#sweptAt < 1_000) return;
    this.#sweptAt = now;
    for (const owner of this.#owners.values()) this.#forgetDead(owner, namespaceShare);
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
