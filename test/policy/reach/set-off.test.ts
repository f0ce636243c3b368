/** What sets an agent off, in the closed set and in changes of it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { subjectMatches } from '../../../contract/index.ts';
import { compileManifests } from '../../../operator/compile/index.ts';
import { computeReach, diffReach, reachRows, reachSentences } from '../../../policy/reach/index.ts';
import { beyond } from '../../../policy/reach/set-off.ts';

const agent = (...subjects: readonly string[]) => ({
  ...{ apiVersion: 'clrk.apoxy.dev/v1alpha1', kind: 'TaskAgent' },
  metadata: { namespace: 'default', name: 'triage' },
  spec: {
    ...{ workerPoolRef: 'p', template: { spec: { image: 'x' } } },
    triggers: subjects.map((subject) => ({ type: 'Event', subject })),
  },
});
const compiled = (...subjects: readonly string[]) => compileManifests([agent(...subjects)], []);
const told = (before: readonly string[], after: readonly string[]): string[] =>
  diffReach(compiled(...before), compiled(...after)).map(
    ({ direction, sentence }) => `${direction}: ${sentence}`,
  );

describe('set off by events', () => {
  test('as a sentence and as a row; once, though written twice', () => {
    const reach = computeReach(compiled('orders.>', 'mail.in', 'mail.in'));
    expect(reachSentences(reach)).toEqual([
      'agent `triage` may reach nothing',
      'agent `triage` may be set off by events on `orders.>`, `mail.in`',
    ]);
    expect(reachRows(reach).map((row) => row.slice(0, 5))).toEqual([
      ['triage', 'nothing', '-', '-', '-'],
      ['triage', '(itself)', '-', '-', 'may be set off by events on orders.>, mail.in'],
    ]);
    expect(reachSentences(computeReach(compiled()))).toEqual(['agent `triage` may reach nothing']);
  });

  test('a change is what was not heard before, and what is not heard any more', () => {
    expect(told(['orders.>'], ['orders.created', 'mail.in'])).toEqual([
      'added: agent `triage` may now be set off by events on `mail.in`',
      'removed: agent `triage` may no longer be set off by events on `orders.>`',
    ]);
    expect(told(['orders.created'], ['orders.created'])).toEqual([]);
    expect(told(['*', 'a.*'], ['>', 'a.>'])).toEqual([
      'added: agent `triage` may now be set off by events on `>`, `a.>`',
    ]);
  });

  test('where one side does not say what is heard, nothing is said', () => {
    const { heard: _heard, ...live } = compiled();
    expect(diffReach(live, compiled('orders.>'))).toEqual([]);
  });

  test('what is not told hears nothing new; what is told hears something new of each', () => {
    const token = fc.constantFrom('a', 'b');
    const subject = fc.array(token, { minLength: 1, maxLength: 4 }).map((all) => all.join('.'));
    const pattern = fc
      .tuple(fc.array(fc.constantFrom('a', 'b', '*'), { maxLength: 3 }), fc.constantFrom('a', '*', '>'))
      .map(([all, last]) => [...all, last].join('.'));
    const patterns = fc.array(pattern, { maxLength: 3 });
    fc.assert(
      fc.property(patterns, patterns, fc.array(subject, { minLength: 20 }), (before, after, subjects) => {
        const added = beyond(after, before);
        const hears = (all: readonly string[], each: string) => all.some((one) => subjectMatches(one, each));
        for (const each of subjects) {
          if (hears(after, each) && !hears(before, each)) expect(hears(added, each)).toBe(true);
        }
        // A name that no pattern has stands for every wildcard.
        for (const each of added) {
          const fresh = each.replaceAll('*', 'z').replace('>', 'z.z.z.z.z');
          for (const one of before) if (!one.includes('>')) expect(subjectMatches(one, fresh)).toBe(false);
        }
      }),
    );
  });
});
