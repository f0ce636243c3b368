/** An agent is read ahead of an upstream that takes nothing, up to a bound of the connection and to the agent's share of all. */
import { expect, test } from 'vitest';
import { HeldBytes } from '../../../egress/body/index.ts';
import { maxAheadBytes, ReadAhead } from '../../../egress/session/read-ahead.ts';

const mebibyte = 1024 * 1024;

test('a connection is read ahead so far and no further, until the upstream takes bytes again', () => {
  const held = new HeldBytes();
  const ahead = new ReadAhead(held, 'a');
  let taken = 0;
  while (ahead.take(mebibyte)) taken += mebibyte;
  expect(taken).toBe(maxAheadBytes);
  expect(held.held).toBe(maxAheadBytes);
  ahead.release();
  ahead.release();
  expect(held.held).toBe(0);
  expect(ahead.take(mebibyte)).toBe(true);
});

test('S54: an agent of a thousand stuck connections takes its share, and another is read ahead all the same', () => {
  const limits = { total: 64 * mebibyte, guaranteed: maxAheadBytes, agents: 2 };
  const held = new HeldBytes(limits);
  for (let index = 0; index < 1000; index += 1) {
    const ahead = new ReadAhead(held, 'hostile');
    while (ahead.take(mebibyte));
  }
  expect(held.held).toBeLessThanOrEqual(limits.total - limits.guaranteed);
  const honest = new ReadAhead(held, 'honest');
  let taken = 0;
  while (honest.take(mebibyte)) taken += mebibyte;
  expect(taken).toBe(maxAheadBytes);
});
