/** Since which commit something holds. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sinceWhen } from '../../../cli/blame/culprit.ts';

const ask = (holds: readonly boolean[]) =>
  sinceWhen([...holds.keys()], (at) => Promise.resolve(holds[at] === true));

test.each<[string, string, { first: number; isCut: boolean } | undefined]>([
  ['of none', '000', undefined],
  ['of nothing at all', '', undefined],
  ['of the newest alone', '100', { first: 0, isCut: false }],
  ['of some in the middle', '0110', { first: 2, isCut: false }],
  ['until what was seen ends', '011', { first: 2, isCut: true }],
  ['twice: the newer run counts', '10111', { first: 0, isCut: false }],
])('%s (%s)', async (_title, holds, since) => {
  expect(await ask(holds.split('').map((each) => each === '1'))).toEqual(since);
});

test('property: it holds of the commit that is named and of all up to the newest of its run, and of the next older not', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 20 }), async (holds) => {
      const since = await ask(holds);
      const newest = holds.indexOf(true);
      if (since === undefined) return newest === -1;
      const run = holds.slice(newest, since.first + 1);
      return (
        run.length > 0 &&
        run.every(Boolean) &&
        (since.isCut ? since.first === holds.length - 1 : holds[since.first + 1] === false)
      );
    }),
  );
});

test('it asks no further than it must', async () => {
  const asked: number[] = [];
  await sinceWhen([0, 1, 2, 3], (at) => {
    asked.push(at);
    return Promise.resolve(at === 1);
  });
  expect(asked).toEqual([0, 1, 2]);
});
