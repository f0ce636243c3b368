import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { Boundary } from '../../egress/boundary.ts';

function open(): { boundary: Boundary; ended: () => number; broken: unknown[]; emitter: EventEmitter } {
  const broken: unknown[] = [];
  let ended = 0;
  const end = (): void => {
    ended += 1;
    throw new Error('closing fails too');
  };
  const boundary = new Boundary(end, (error) => broken.push(error));
  return { boundary, ended: () => ended, broken, emitter: new EventEmitter() };
}

test('what a handler throws ends its connection and is counted, and nothing leaves', () => {
  const { boundary, ended, broken, emitter } = open();
  const off = boundary.on(emitter, 'data', (value: number) => {
    if (value < 0) throw new Error('bad');
  });
  emitter.emit('data', 1);
  expect(ended()).toBe(0);
  emitter.emit('data', -1);
  expect(ended()).toBe(1);
  expect(broken).toHaveLength(2);
  off();
  emitter.emit('data', -1);
  expect(ended()).toBe(1);
});

test('work that throws has the other result', () => {
  const { boundary, ended } = open();
  expect(boundary.run(() => 1, 2)).toBe(1);
  const fails = (): number => {
    throw new Error('bad');
  };
  expect(boundary.run(fails, 2)).toBe(2);
  expect(ended()).toBe(1);
});

test.each([
  ['what it brings', () => Promise.resolve(1)],
  ['why it failed', () => Promise.reject(new Error('no'))],
])(
  'a handler of a promise that throws on %s ends its connection, and nobody else hears of it',
  async (_name, work) => {
    const { boundary, ended, broken } = open();
    const unheard: unknown[] = [];
    const listen = (error: unknown): void => void unheard.push(error);
    process.on('unhandledRejection', listen);
    const fail = (): void => {
      throw new Error('bad');
    };
    boundary.settle(work(), fail, fail);
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.removeListener('unhandledRejection', listen);
    expect([ended(), broken.length, unheard.length]).toEqual([1, 2, 0]);
  },
);
