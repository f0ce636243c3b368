/** When an agent counts as waiting. */
import { expect, test } from 'vitest';
import { untilQuiet } from '../../../worker/snapshot/quiet.ts';

/** Each look is half a second after the one before; it used so much of the processor in between. */
async function look(
  used: readonly number[],
  mostMs = 10_000,
  abortAt = Infinity,
): Promise<[boolean, number]> {
  const given = new AbortController();
  let looks = -1;
  const isQuiet = await untilQuiet({
    cpuMs: () => {
      looks += 1;
      if (looks >= abortAt) given.abort();
      return used.slice(0, looks).reduce((sum, each) => sum + each, 0);
    },
    now: () => Math.max(0, looks) * 500,
    signal: given.signal,
    mostMs,
    windowMs: 1,
  });
  return [isQuiet, looks];
}

test.each<[string, readonly number[], number, readonly [boolean, number]]>([
  ['at once', [1], 10_000, [true, 1]],
  ['a sandbox that waits uses a little', [400, 350, 22], 10_000, [true, 3]],
  ['a start that gets a fifth of a processor is no wait', [100, 100, 100, 22], 10_000, [true, 4]],
  ['never', [400, 400, 400, 400], 1_500, [false, 3]],
])('%s', async (_name, used, mostMs, expected) => {
  expect(await look(used, mostMs)).toEqual(expected);
});

test('one that is given up is not waited for', async () => {
  expect(await look([400, 400, 400], 10_000, 1)).toEqual([false, 1]);
});
