import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Resource } from '../../../cli/cluster/discovery.ts';
import { nearest, resolveKinds } from '../../../cli/cluster/kind-name.ts';
import { editDistance } from '../../../contract/index.ts';

function resource(kind: string, plural: string, shortName: string): Resource {
  const singular = kind.toLowerCase();
  return {
    group: 'clrk.apoxy.dev',
    version: 'v1alpha1',
    kind,
    plural,
    singular,
    namespaced: true,
    shortNames: [shortName],
    categories: ['clrk'],
  };
}
const known = [
  resource('TaskAgent', 'taskagents', 'ta'),
  resource('WorkerPool', 'workerpools', 'wp'),
  resource('CredentialInjectionPolicy', 'credentialinjectionpolicies', 'cip'),
];

describe('resolveKinds', () => {
  test.each(['taskagents', 'taskagent', 'TaskAgent', 'ta', 'TA', 'taskagents.clrk.apoxy.dev'])(
    '%s',
    (word) => {
      expect(resolveKinds(word, known).map((each) => each.kind)).toEqual(['TaskAgent']);
    },
  );

  test.each(['inv', 'invocation', 'Invocations'])('%s are records, and where to see them is said', (word) => {
    expect(() => resolveKinds(word, known)).toThrow(
      expect.objectContaining({
        code: 'KIND_UNKNOWN',
        hint: expect.stringContaining('get invocations') as string,
      }),
    );
  });

  test('a category is all of its kinds', () => {
    expect(resolveKinds('clrk', known)).toHaveLength(3);
  });

  test.each([
    ['taskagnt', 'Did you mean "taskagent"?'],
    ['invocatons', 'Did you mean "invocations"?'],
    [
      'pods',
      'Known kinds: taskagents, workerpools, credentialinjectionpolicies, invocations. For other kinds use kubectl.',
    ],
  ])('%s: %s', (word, hint) => {
    expect(() => resolveKinds(word, known)).toThrow(expect.objectContaining({ code: 'KIND_UNKNOWN', hint }));
  });
});

describe('editDistance', () => {
  test.each([
    ['kitten', 'sitting', 3],
    ['', 'abc', 3],
    ['same', 'same', 0],
  ])('%s and %s: %d', (a, b, expected) => {
    expect(editDistance(a, b)).toBe(expected);
  });

  test('is a metric', () => {
    const word = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
        expect(editDistance(a, b) === 0).toBe(a === b);
      }),
    );
  });

  test('nothing near is no suggestion', () => {
    expect(nearest('zzz', ['logs', 'get'])).toBeUndefined();
    expect(nearest('lgs', ['logs', 'get'])).toBe('logs');
  });
});
