/** A Backend that cannot answer the calls sent to it. */
import { coversGlobs } from '../glob-cover.ts';
import type { Found, Rule } from '../rule.ts';
import { backendOf, type Item, type World } from '../world.ts';

type Route = Item<'AIProviderRoute'>;
type Match = NonNullable<Route['spec']['rules'][number]['matches']>[number];

/** Why a call of this match cannot be answered by that Backend; undefined: it can. */
function problem({ provider, models = [] }: Match, backend: Item<'Backend'>): string | undefined {
  const { schema, upstream, modelRewrites = [] } = backend.spec;
  if (upstream === undefined)
    return `Backend ${backend.name} is an InferencePool, which this gateway answers with 501`;
  if (provider === 'custom' || provider === schema.name) return undefined;
  const what = `calls of ${provider} cannot be translated for Backend ${backend.name} (${schema.name})`;
  if (modelRewrites.length === 0) return `${what}: it has no modelRewrites`;
  const from = modelRewrites.map((rewrite) => rewrite.from);
  return coversGlobs(from, models.length === 0 ? ['*'] : models)
    ? undefined
    : `${what}: its modelRewrites do not cover every model of the rule`;
}

function* ofRoute(world: World, route: Route): Iterable<Found> {
  for (const [rule, { matches = [], backendRefs = [] }] of route.spec.rules.entries()) {
    for (const [index, ref] of backendRefs.entries()) {
      const backend = backendOf(world, route.namespace, ref);
      if (backend === undefined) continue;
      const message = matches.map((match) => problem(match, backend)).find((each) => each !== undefined);
      if (message === undefined) continue;
      yield { manifest: route.manifest, path: ['spec', 'rules', rule, 'backendRefs', index], message };
    }
  }
}

export const translationImpossible: Rule = {
  id: 'translation-impossible',
  severity: 'error',
  title: 'A Backend that cannot answer the calls sent to it',
  why: 'A Backend that speaks another API needs to know which of its models stands for the one that was asked for. Without a rewrite the gateway leaves it out, and with no Backend left it refuses the call.',
  fix: 'Add modelRewrites that cover the models of the rule, or use a Backend of the provider’s own schema.',
  *check(world) {
    for (const route of world.own('AIProviderRoute')) yield* ofRoute(world, route);
  },
};
