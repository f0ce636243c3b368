/**
 * The proof obligation of `clrk reach`: what it says an agent can reach is what the worker's and the gateway's own
 * functions let through, on random documents and attempts, in both directions.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { computeReach } from '../../../policy/reach/index.ts';
import { askGateway, invocationIds } from './gateway-oracle.ts';
import { randomAttempt, randomDocuments } from './random-documents.ts';
import { readReach } from './reach-reader.ts';

const documentSets = 1_000;
const attemptsEach = 10;

test('10,000 random pairs: reach and gateway never disagree', () => {
  let [pairs, open, several] = [0, 0, 0];
  fc.assert(
    fc.property(
      randomDocuments,
      fc.array(randomAttempt, { minLength: attemptsEach, maxLength: attemptsEach }),
      (documents, attempts) => {
        const reach = computeReach(documents);
        for (const attempt of attempts) {
          const gateway = askGateway(documents, attempt);
          expect(readReach(reach, attempt)).toEqual(gateway);
          pairs += 1;
          if (gateway.length > 0) open += 1;
          if (gateway.length > 1) several += 1;
        }
      },
    ),
    { numRuns: documentSets },
  );
  expect(pairs).toBeGreaterThanOrEqual(10_000);
  // A property about refusals alone would be easy to keep.
  expect(open / pairs).toBeGreaterThan(0.05);
  expect(several).toBeGreaterThan(0);
}, 600_000);

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
