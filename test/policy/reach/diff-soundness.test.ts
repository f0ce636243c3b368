/**
 * What `--diff` promises: if it says of an agent that nothing is added, no call passes after that did not before; the same for
 * removed; and if nothing is changed, what passes both times goes the same way. And it says nothing of two sets that are alike.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  Describer,
  diffReach,
  type GatewayDocument,
  type ReachDocuments,
} from '../../../policy/reach/index.ts';
import { Platform } from './gateway-oracle.ts';
import { asksPerson, withoutAsking } from './way.ts';
import { mcpAttempt, providerAttempt, randomAttempt, type Attempt } from './random/attempt.ts';
import { httpAttempt } from './random/http.ts';
import {
  backendDocuments,
  countedDocuments,
  budgetDocuments,
  httpDocuments,
  mcpDocuments,
  providerDocuments,
  randomDocuments,
} from './random/documents.ts';

const pairs = Number(process.env['REACH_PAIRS'] ?? 20_000) / 5;
const attemptsOfSet = 50;

/** Two sets that have much in common: of the second, some fields of the first; `always`: these. */
function related(
  sets: fc.Arbitrary<ReachDocuments>,
  always: readonly (keyof GatewayDocument)[] = [],
): fc.Arbitrary<readonly [ReachDocuments, ReachDocuments]> {
  const fields = [
    'destinations',
    'providerRoutes',
    'providerDenials',
    'mcpRoutes',
    'httpRoutes',
    'credentials',
    'upstream',
  ] as const;
  return fc
    .tuple(sets, sets, fc.subarray([...fields, 'listeners' as const], { maxLength: 2 }))
    .map(([before, other, changed]) => {
      const gateways = before.gateways.map((gateway, index) => {
        const from = other.gateways[index] ?? gateway;
        const taken = [...always, ...changed].map((field) => [field, from[field]]);
        return { ...gateway, ...(Object.fromEntries(taken) as Partial<typeof gateway>) };
      });
      const { pools } = before;
      return [
        { gateways: before.gateways, pools: withOwn(before) },
        { gateways, pools: withOwn({ gateways, pools }) },
      ] as const;
    });
}

/** Workers that run the gateways' own destinations, so that a change of these is seen. */
function withOwn({ pools, gateways }: ReachDocuments): ReachDocuments['pools'] {
  return pools.map((pool) => ({
    ...pool,
    gateways: pool.gateways.map((each) => ({
      ...each,
      destinations:
        gateways.find(({ gateway: { namespace, name } }) => `${namespace}/${name}` === each.id)
          ?.destinations ?? each.destinations,
    })),
  }));
}

type Kind = 'added' | 'removed' | 'changed';

/** A way about which nobody is asked any more is more than it was. */
function keptKinds(old: readonly string[], now: readonly string[]): readonly Kind[] {
  if (!old.every(asksPerson) || now.every(asksPerson)) return ['changed'];
  const unasked = old.map(withoutAsking);
  return ['added', ...(unasked.join() === now.join() ? [] : ['changed' as const])];
}

/** What is no longer read, or is now, is another thing than it was: gone and come. */
function kindsOf(old: readonly string[], now: readonly string[]): readonly Kind[] {
  if (old.join() === now.join()) return [];
  const protocolOf = ([line]: readonly string[]): string =>
    line === undefined ? '' : String(JSON.parse(line)[0]);
  if (old.length > 0 && now.length > 0 && protocolOf(old) === protocolOf(now)) return keptKinds(old, now);
  return [...(now.length > 0 ? ['added' as const] : []), ...(old.length > 0 ? ['removed' as const] : [])];
}

test.each([
  ['anything at all', randomDocuments, randomAttempt],
  ['an open provider', providerDocuments, providerAttempt],
  ['Backends', backendDocuments, providerAttempt],
  ['HTTP rules', httpDocuments, httpAttempt],
  ['budgets of every call', budgetDocuments, providerAttempt],
  ['MCP servers', mcpDocuments, mcpAttempt],
  ['messages that are counted', countedDocuments, mcpAttempt],
])(
  'the diff of reach leaves nothing out about %s',
  (_name, documents: fc.Arbitrary<ReachDocuments>, attempts: fc.Arbitrary<Attempt>) => {
    const seen = { added: 0, removed: 0, changed: 0 };
    const always = documents === budgetDocuments ? (['providerRoutes'] as const) : [];
    const describer = new Describer();
    const each = { minLength: attemptsOfSet, maxLength: attemptsOfSet };
    fc.assert(
      fc.property(related(documents, always), fc.array(attempts, each), ([before, after], tried) => {
        const changes = diffReach(before, after, describer);
        const [was, is] = [new Platform(before), new Platform(after)];
        const says = (agent: string, direction: string): boolean =>
          changes.some((change) => change.agent === agent && change.direction === direction);
        for (const attempt of tried) {
          const [old, now] = [was.ask(attempt), is.ask(attempt)];
          const kinds = kindsOf(old, now);
          for (const kind of kinds) seen[kind] += 1;
          const unsaid = kinds.find((kind) => !says(attempt.agent, kind));
          if (unsaid !== undefined) {
            const told = changes.map(({ sentence }) => sentence).join('\n');
            throw new Error(
              `${unsaid} unsaid: ${JSON.stringify(attempt)}\n${old.join()}\n${now.join()}\n${told}`,
            );
          }
        }
        expect(diffReach(before, before, describer)).toEqual([]);
      }),
      { endOnFailure: true, numRuns: Math.ceil(pairs / attemptsOfSet) },
    );
    // A property about sets that are alike would be easy to keep; how many differ varies much with the seed.
    expect(seen.added + seen.removed + seen.changed).toBeGreaterThan(pairs / 1_000);
  },
  3_600_000,
);
