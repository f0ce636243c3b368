/**
 * What a follower has not seen yet. Records are found by when they were ingested, because a span arrives after it
 * ended and a log line may be late; an overlap of a few seconds catches batches that became visible out of order,
 * and a bounded memory of what was given keeps them from being given twice.
 */
import { createHash } from 'node:crypto';
import { planRead, type Cursor } from './read-query.ts';
import type { ReadRequest } from './read-request.ts';
import type { Store } from './store.ts';

/** Longer than a flush and an insert take. */
const overlapMs = 15_000;
const maxRemembered = 20_000;

export interface FollowSource {
  /** New objects since the last call, oldest first. */
  next(): Promise<unknown[]>;
}

/** Set with an end: forgets the oldest half. */
class Seen {
  #recent = new Set<string>();
  #older = new Set<string>();

  /** True when it was new. */
  add(text: string): boolean {
    const key = createHash('sha1').update(text).digest('base64');
    if (this.#recent.has(key) || this.#older.has(key)) return false;
    this.#recent.add(key);
    if (this.#recent.size > maxRemembered / 2) {
      this.#older = this.#recent;
      this.#recent = new Set();
    }
    return true;
  }
}

class RecordFollow implements FollowSource {
  readonly #query: (cursor: Cursor) => Promise<unknown[]>;
  readonly #seen = new Seen();
  #polledAt: number | undefined;

  constructor(query: (cursor: Cursor) => Promise<unknown[]>) {
    this.#query = query;
  }

  async next(): Promise<unknown[]> {
    const now = Date.now();
    const cursor = this.#polledAt === undefined ? {} : { ingestedMs: this.#polledAt - overlapMs };
    const rows = await this.#query(cursor);
    this.#polledAt = now;
    return rows.toReversed().filter((row) => this.#seen.add(JSON.stringify(row)));
  }
}

class InvocationFollow implements FollowSource {
  readonly #query: (cursor: Cursor) => Promise<unknown[]>;
  #seq: number | undefined;

  constructor(query: (cursor: Cursor) => Promise<unknown[]>) {
    this.#query = query;
  }

  async next(): Promise<unknown[]> {
    const rows = (await this.#query(this.#seq === undefined ? {} : { seq: this.#seq })) as Array<{
      seq: number;
      object: unknown;
    }>;
    const ordered = rows.toSorted((a, b) => a.seq - b.seq);
    this.#seq = Math.max(this.#seq ?? 0, ...ordered.map((row) => row.seq));
    return ordered.map((row) => row.object);
  }
}

export function follow(store: Pick<Store, 'query'>, request: ReadRequest, signal: AbortSignal): FollowSource {
  const query = async (cursor: Cursor): Promise<unknown[]> => {
    if (signal.aborted) return [];
    const plan = planRead(request, cursor);
    const rows = await store.query<Record<string, unknown>>(plan.sql, plan.params);
    return rows.map(plan.render);
  };
  const records = request.what === 'logs' || request.what === 'traces';
  return records ? new RecordFollow(query) : new InvocationFollow(query);
}
