/** Whose turn it is. */
import { expect, test } from 'vitest';
import { Turns } from '../../contract/index.ts';

function served(turns: Turns, most: number, full: readonly string[] = []): string[] {
  const keys: string[] = [];
  turns.go(most, (key) => {
    if (full.some((namespace) => key.startsWith(namespace))) return 'full';
    keys.push(key);
    return 'taken';
  });
  return keys;
}

function crowd(): Turns {
  const turns = new Turns();
  for (let index = 0; index < 5_000; index += 1) turns.add('big', `big${index}`);
  turns.add('small', 'small0');
  turns.add('small', 'small1');
  return turns;
}

test('a namespace of thousands and one of two are served by turns', () => {
  expect(served(crowd(), 4)).toEqual(['big0', 'small0', 'big1', 'small1']);
});

test('whoever was served last is last the next time', () => {
  const turns = crowd();
  expect(served(turns, 1)).toEqual(['big0']);
  expect(served(turns, 2)).toEqual(['small0', 'big1']);
});

test('a namespace without room is asked once and keeps its place; others go on', () => {
  const turns = crowd();
  expect(served(turns, 10, ['big'])).toEqual(['small0', 'small1']);
  expect(turns.size).toBe(5_000);
});

test('a key waits once, and not after it was taken out', () => {
  const turns = new Turns();
  turns.add('a', 'x');
  turns.add('a', 'x');
  turns.add('a', 'y');
  turns.delete('a', 'x');
  turns.delete('b', 'y');
  expect(turns.size).toBe(1);
  expect(served(turns, 9)).toEqual(['y']);
  expect(served(turns, 9)).toEqual([]);
});
