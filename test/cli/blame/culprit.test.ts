/** Since which commit something holds. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mayHoldBefore, sinceWhen, type Before } from '../../../cli/blame/culprit.ts';

/** `1` holds, `0` does not, `?` cannot be told. */
const ask = (holds: string, isWhole: boolean) =>
  sinceWhen({ list: Array.from(holds).keys(), isWhole }, (at) =>
    Promise.resolve(holds[at] === '?' ? undefined : holds[at] === '1'),
  );

test.each<[string, string, boolean, { first: number; before: Before } | undefined]>([
  ['of none', '000', true, undefined],
  ['of nothing at all', '', false, undefined],
  ['of the newest alone', '100', false, { first: 0, before: 'other' }],
  ['of some in the middle', '0110', true, { first: 2, before: 'other' }],
  ['until what was seen ends', '011', false, { first: 2, before: 'not-looked-at' }],
  ['from the very first', '011', true, { first: 2, before: 'none' }],
  ['as far as anybody can tell', '011?1', true, { first: 2, before: 'unreadable' }],
  ['older than what cannot be told', '?01', true, { first: 2, before: 'none' }],
  ['of none that can be told', '??', true, undefined],
  ['twice: the newer run counts', '10111', true, { first: 0, before: 'other' }],
])('%s (%s, whole: %s)', async (_title, holds, isWhole, since) => {
  expect(await ask(holds, isWhole)).toEqual(since);
});

test('property: it holds of the commit that is named and of all up to the newest of its run, and of the next older not', async () => {
  const answers = fc.array(fc.constantFrom('0', '1', '?'), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(answers, fc.boolean(), async (each, isWhole) => {
      const holds = each.join('');
      const since = await ask(holds, isWhole);
      const newest = holds.indexOf('1');
      if (since === undefined) return newest === -1;
      const next = holds[since.first + 1];
      const isSure = next === '0' || (next === undefined && isWhole);
      return /^1+$/.test(holds.slice(newest, since.first + 1)) && mayHoldBefore(since) === !isSure;
    }),
  );
});

test('it asks no further than it must', async () => {
  const asked: number[] = [];
  await sinceWhen({ list: [0, 1, 2, 3], isWhole: true }, (at) => {
    asked.push(at);
    return Promise.resolve(at === 1);
  });
  expect(asked).toEqual([0, 1, 2]);
});
