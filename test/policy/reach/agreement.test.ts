/**
 * The proof obligation of `clrk reach`: what it says an agent can reach is what the worker's and the gateway's own
 * functions let through, on random documents and attempts, in both directions.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { computeReach, type ReachDocuments } from '../../../policy/reach/index.ts';
import { askGateway, invocationIds } from './gateway-oracle.ts';
import { mcpAttempt, providerAttempt, randomAttempt, type Attempt } from './random/attempt.ts';
import { backendDocuments, mcpDocuments, providerDocuments, randomDocuments } from './random/documents.ts';
import { readReach } from './reach-reader.ts';

interface Seen {
  pairs: number;
  open: number;
  /** A call of them may go several ways. */
  several: number;
}

function expectAgreement(
  sets: fc.Arbitrary<ReachDocuments>,
  attempts: fc.Arbitrary<Attempt>,
  counts: { readonly sets: number; readonly attempts: number },
): Seen {
  const seen = { pairs: 0, open: 0, several: 0 };
  const each = { minLength: counts.attempts, maxLength: counts.attempts };
  fc.assert(
    fc.property(sets, fc.array(attempts, each), (documents, tried) => {
      const reach = computeReach(documents);
      for (const attempt of tried) {
        const gateway = askGateway(documents, attempt);
        expect(readReach(reach, attempt)).toEqual(gateway);
        seen.pairs += 1;
        if (gateway.length > 0) seen.open += 1;
        if (gateway.length > 1) seen.several += 1;
      }
    }),
    { numRuns: counts.sets },
  );
  return seen;
}

// A property about refusals alone would be easy to keep: the second numbers are far below what was ever seen.
test('10,000 random pairs: reach and gateway never disagree', () => {
  const { pairs, open } = expectAgreement(randomDocuments, randomAttempt, { sets: 1_000, attempts: 10 });
  expect(pairs).toBeGreaterThanOrEqual(10_000);
  expect(open).toBeGreaterThan(200);
}, 600_000);

test('2,000 calls of an open provider: rules, backends, credentials and budgets are those of the gateway', () => {
  const { pairs, open, several } = expectAgreement(providerDocuments, providerAttempt, {
    sets: 500,
    attempts: 4,
  });
  expect(pairs).toBeGreaterThanOrEqual(2_000);
  expect(open).toBeGreaterThan(200);
  expect(several).toBeGreaterThan(0);
}, 600_000);

test.each([
  [
    'sent on to Backends: denials there are those of the gateway, by the model they are renamed to',
    backendDocuments,
    providerAttempt,
  ],
  ['of MCP servers: tools, methods and denials are those of the gateway', mcpDocuments, mcpAttempt],
])(
  '2,000 calls %s',
  (_name, documents, attempts) => {
    const { pairs, open } = expectAgreement(documents, attempts, { sets: 500, attempts: 4 });
    expect(pairs).toBeGreaterThanOrEqual(2_000);
    expect(open).toBeGreaterThan(200);
    expect(open).toBeLessThan(pairs - 200);
  },
  600_000,
);

test('the invocations tried reach every backend, whatever its weight', () => {
  const hash = (text: string): number =>
    Array.from(text).reduce(
      (value, letter) => Math.imul(value ^ letter.charCodeAt(0), 0x01000193) >>> 0,
      0x811c9dc5,
    );
  for (let total = 1; total <= 6; total += 1) {
    expect(new Set(invocationIds.map((id) => hash(id) % total)).size).toBe(total);
  }
});
