/** Followers over a store that is a list: rows become visible when and in what order a test says. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { follow, type FollowSource } from '../../telemetry/read/follow.ts';
import { parseReadRequest } from '../../telemetry/read/read-request.ts';
import { idAtMs, SeenIds } from '../../telemetry/read/seen-ids.ts';

const startMs = 1_795_000_000_000;

/** Answers the statements of logs, by what they ask for. */
class ListStore {
  nowMs = startMs;
  readonly ids: bigint[] = [];
  mostAsked = 0;

  /** A row numbered at this moment. */
  add(ms: number, index: number): void {
    this.ids.push(idAtMs(ms) + BigInt(index));
  }

  query<T>(sql: string, params: Readonly<Record<string, unknown>> = {}): Promise<T[]> {
    const row = (id: bigint): object => ({ nanos: String(id), ingestId: String(id), body: String(id) });
    const sorted = this.ids.toSorted((a, b) => (a < b ? -1 : 1));
    const limit = Number(params['limit'] ?? 1e9);
    this.mostAsked = Math.max(this.mostAsked, limit === 1e9 ? 0 : limit);
    let rows: object[];
    if (sql.includes('now64')) rows = [{ id: String(idAtMs(this.nowMs)) }];
    else if (params['after'] !== undefined) {
      const after = BigInt(params['after'] as string);
      rows = sorted
        .filter((id) => id > after)
        .slice(0, limit)
        .map(row);
    } else if (params['ids'] !== undefined) {
      const wanted = new Set(params['ids'] as string[]);
      rows = sorted.filter((id) => wanted.has(String(id))).map(row);
    } else rows = sorted.toReversed().slice(0, limit).map(row);
    return Promise.resolve(rows as T[]);
  }
}

const request = (more = ''): ReturnType<typeof parseReadRequest> =>
  parseReadRequest(`/v1/namespaces/ns/taskagents/a/logs?follow=true${more}`);
const { signal } = new AbortController();

async function given(source: FollowSource): Promise<string[]> {
  const cursors: string[] = [];
  for await (const object of source.next()) cursors.push((object as { cursor: string }).cursor);
  return cursors;
}

describe('a follower', () => {
  test('is given all that came, however many, at each poll', async () => {
    const store = new ListStore();
    const source = await follow(store, request(), signal);
    let total = 0;
    for (let second = 0; second < 10; second++) {
      for (let index = 0; index < 2_500; index++) store.add(startMs + second * 1_000, index);
      total += (await given(source)).length;
    }
    expect(total).toBe(25_000);
    expect(await given(source)).toEqual([]);
  });

  test('is given what becomes visible late, after what was numbered behind it', async () => {
    const store = new ListStore();
    const source = await follow(store, request(), signal);
    store.add(startMs + 5_000, 1);
    expect(await given(source)).toHaveLength(1);
    store.add(startMs + 1_000, 1);
    expect(await given(source)).toHaveLength(1);
  });

  test('is not given what was there before, also when the first page is shorter', async () => {
    const store = new ListStore();
    for (let index = 0; index < 3_000; index++) store.add(startMs - 1_000, index);
    const source = await follow(store, request('&limit=5'), signal);
    let first = 0;
    for await (const _object of source.first?.objects ?? []) first++;
    expect([first, source.first?.next !== undefined, await given(source)]).toEqual([5, true, []]);
  });

  test('property: any order of becoming visible within the overlap gives each row once', async () => {
    const arrivals = fc.array(fc.array(fc.integer({ min: 0, max: 9_000 }), { maxLength: 50 }), {
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(arrivals, async (polls) => {
        const store = new ListStore();
        const source = await follow(store, request(), signal);
        let index = 0;
        const cursors: string[] = [];
        for (const batch of polls) {
          for (const offsetMs of batch) store.add(startMs + offsetMs, ++index);
          cursors.push(...(await given(source)));
        }
        expect(cursors.toSorted()).toEqual(store.ids.map(String).toSorted());
      }),
      { numRuns: 50 },
    );
  });
});

test('what is remembered is bounded, whatever comes', () => {
  const seen = new SeenIds(idAtMs(startMs));
  for (let index = 0; index < 100_000; index++) {
    seen.add(idAtMs(startMs) + BigInt(index + 1));
    if (index % 1_000 === 0) seen.settle();
  }
  seen.settle();
  expect(seen.size).toBeLessThanOrEqual(20_000);
  expect(seen.add(idAtMs(startMs) + 100_000n)).toBe(false);
});
