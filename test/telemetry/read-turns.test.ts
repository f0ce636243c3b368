/** Readers at one store: whose question is asked next, and what becomes of those who go. */
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ReadTurns } from '../../telemetry/read/read-turns.ts';

/** A store that answers when it is told to, in the order in which it was asked. */
class SlowStore {
  readonly turns: ReadTurns;
  readonly asked: string[] = [];
  readonly #answers: Array<(failure?: Error) => void> = [];

  constructor(limits = { underWay: 3, ofOwner: 2, asked: 128 }) {
    const query = async <T>(sql: string): Promise<T[]> => {
      this.asked.push(sql);
      await new Promise<void>((resolve, reject) => {
        this.#answers.push((failure) => (failure === undefined ? resolve() : reject(failure)));
      });
      return [];
    };
    this.turns = new ReadTurns({ query }, limits);
  }

  get underWay(): number {
    return this.#answers.length;
  }

  ask(owner: string, sql: string, signal = new AbortController().signal): Promise<string> {
    return this.turns
      .of(owner, signal)
      .query(sql)
      .then(
        () => 'answered',
        (thrown: unknown) => (thrown as Error & { readonly code?: string }).code ?? 'failed',
      );
  }

  async answer(failure?: Error): Promise<void> {
    this.#answers.shift()?.(failure);
    await turn();
  }
}

describe('questions to the store', () => {
  test('S54: behind a hundred of another namespace the first of an honest one is asked at once, the next in turn', async () => {
    const store = new SlowStore();
    for (let index = 0; index < 100; index += 1) void store.ask('mall', `mall ${index}`);
    void store.ask('shop', 'shop 0');
    void store.ask('shop', 'shop 1');
    await turn();
    expect(store.asked).toEqual(['mall 0', 'mall 1', 'shop 0']);
    await store.answer();
    await store.answer();
    expect(store.asked.slice(3)).toEqual(['mall 2', 'shop 1']);
  });

  test('whoever went while it waited is not asked for, and gives its place back', async () => {
    const store = new SlowStore();
    const held = [0, 1].map((index) => store.ask('mall', `mall ${index}`));
    const gone = new AbortController();
    const leaving = store.ask('mall', 'gone', gone.signal);
    const last = store.ask('mall', 'last');
    gone.abort();
    expect(await leaving).toBe('READER_GONE');
    expect(await store.ask('mall', 'late', gone.signal)).toBe('READER_GONE');
    await store.answer();
    await store.answer(new Error('down'));
    expect(await Promise.all(held)).toEqual(['answered', 'failed']);
    await store.answer();
    expect(await last).toBe('answered');
    for (const sql of ['next', 'and next']) void store.ask('mall', sql);
    await turn();
    expect(store.asked).toEqual(['mall 0', 'mall 1', 'last', 'next', 'and next']);
  });

  test('one namespace has so many waiting; another is let in', async () => {
    const store = new SlowStore({ underWay: 3, ofOwner: 2, asked: 4 });
    for (let index = 0; index < 4; index += 1) void store.ask('mall', `mall ${index}`);
    expect(await store.ask('mall', 'one more')).toBe('TOO_MANY_AT_ONCE');
    void store.ask('shop', 'shop');
    await turn();
    expect(store.asked).toContain('shop');
  });

  test('property: bounds hold, and every question is answered or its reader gone', async () => {
    const step = fc.record({ owner: fc.nat(3), what: fc.nat(3) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const store = new SlowStore();
        const leaving: AbortController[] = [];
        const all: Array<Promise<string>> = [];
        for (const { owner, what } of steps) {
          if (what === 0) await store.answer();
          if (what === 1) leaving.shift()?.abort();
          const reader = new AbortController();
          leaving.push(reader);
          all.push(store.ask(`n${owner}`, 'q', reader.signal));
          await turn();
          expect(store.underWay).toBeLessThanOrEqual(3);
        }
        while (store.underWay > 0) await store.answer();
        for (const end of await Promise.all(all)) expect(['answered', 'READER_GONE']).toContain(end);
      }),
      { numRuns: 40 },
    );
  });
});
