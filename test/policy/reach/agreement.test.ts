/**
 * The proof obligation of `clrk reach`: what it says an agent can reach is what the worker's and the gateway's own functions let
 * through, on random documents and attempts, in both directions. The gateway keeps its plans over all attempts of one set.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { computeReach, Describer, reachSentences, type ReachDocuments } from '../../../policy/reach/index.ts';
import { invocationIds, Platform } from './gateway-oracle.ts';
import { mcpAttempt, providerAttempt, randomAttempt, type Attempt } from './random/attempt.ts';
import {
  backendDocuments,
  httpDocuments,
  mcpDocuments,
  orderedDocuments,
  providerDocuments,
  randomDocuments,
} from './random/documents.ts';
import { httpAttempt } from './random/http.ts';
import { holds, readReach, readRegions } from './reach-reader.ts';
import { parseSentence } from './sentence-parser.ts';

/** Pairs of documents and attempts in all; 20,000 a run unless REACH_PAIRS says otherwise. */
const pairs = Number(process.env['REACH_PAIRS'] ?? 20_000);
const seed = process.env['REACH_SEED'] === undefined ? undefined : Number(process.env['REACH_SEED']);
const attemptsOfSet = 100;

interface Seen {
  pairs: number;
  open: number;
  /** A call of them may go several ways. */
  several: number;
}

function expectAgreement(sets: fc.Arbitrary<ReachDocuments>, attempts: fc.Arbitrary<Attempt>): Seen {
  const seen = { pairs: 0, open: 0, several: 0 };
  const describer = new Describer();
  const each = { minLength: attemptsOfSet, maxLength: attemptsOfSet };
  fc.assert(
    fc.property(sets, fc.array(attempts, each), (documents, tried) => {
      const reach = computeReach(documents, describer);
      const platform = new Platform(documents);
      const parsed = reachSentences(reach)
        .map(parseSentence)
        .filter((each) => each !== undefined);
      for (const attempt of tried) {
        const gateway = platform.ask(attempt);
        const read = readReach(reach, attempt);
        if (read.join() !== gateway.join()) {
          throw new Error(`${JSON.stringify(attempt)}: reach says ${read.join()}, gateway ${gateway.join()}`);
        }
        const told = parsed
          .filter(({ agent, region }) => attempt.agent.endsWith(`/${agent}`) && holds(region, attempt))
          .map(({ region }) => region);
        expect(readRegions(told, attempt)).toEqual(gateway);
        seen.pairs += 1;
        if (gateway.length > 0) seen.open += 1;
        if (gateway.length > 1) seen.several += 1;
      }
    }),
    // What fails is told as it is: making it smaller would take hours.
    {
      endOnFailure: true,
      numRuns: Math.ceil(pairs / 6 / attemptsOfSet),
      ...(seed === undefined ? {} : { seed }),
    },
  );
  return seen;
}

test.each([
  ['anything at all', randomDocuments, randomAttempt],
  ['an open provider: rules, Backends, credentials, limits', providerDocuments, providerAttempt],
  [
    'Backends that calls are sent on to: denials by the model they are renamed to',
    backendDocuments,
    providerAttempt,
  ],
  ['rules in order', orderedDocuments, providerAttempt],
  ['HTTP rules: methods, paths, parameters, fields, bodies, upgrades, denials', httpDocuments, httpAttempt],
  ['MCP servers: tools, resources, methods, tool policies, denials', mcpDocuments, mcpAttempt],
])(
  'reach and gateway never disagree about %s',
  (_name, documents, attempts) => {
    const { pairs: tried, open } = expectAgreement(documents, attempts);
    expect(tried).toBeGreaterThanOrEqual(pairs / 6);
    // A property about refusals alone would be easy to keep.
    expect(open).toBeGreaterThan(tried / 100);
    expect(open).toBeLessThan(tried);
  },
  3_600_000,
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
