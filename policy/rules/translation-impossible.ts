/** A Backend that cannot answer the calls sent to it. */
import { notEnforced } from '../../contract/index.ts';
import { renderUntranslated, untranslated } from '../../decision/index.ts';
import type { Found, Rule } from '../rule.ts';
import { backendOf, type Item, type World } from '../world.ts';

type Route = Item<'AIProviderRoute'>;

function* ofRoute(world: World, route: Route): Iterable<Found> {
  for (const [rule, { matches = [], backendRefs = [] }] of route.spec.rules.entries()) {
    for (const [index, ref] of backendRefs.entries()) {
      const backend = backendOf(world, route.namespace, ref);
      if (backend === undefined) continue;
      const path = ['spec', 'rules', rule, 'backendRefs', index];
      const { name } = backend;
      const { schema, upstream } = backend.spec;
      if (upstream === undefined) {
        yield {
          manifest: route.manifest,
          path,
          message: `Backend ${name}: ${notEnforced.InferencePool.message}`,
        };
      }
      if (schema === undefined) {
        const message = `Backend ${name} names no schema, so no call of an AIProviderRoute goes there`;
        yield { manifest: route.manifest, path, message };
        continue;
      }
      for (const unused of untranslated(matches, [{ name, schema: schema.name }])) {
        yield { manifest: route.manifest, path, message: renderUntranslated(unused) };
      }
    }
  }
}

export const translationImpossible: Rule = {
  id: 'translation-impossible',
  severity: 'error',
  title: 'A Backend that cannot answer the calls sent to it',
  why: 'Gateways translate conversations alone (chat completions, responses, messages, generateContent, Converse). A Backend of another API than all matches of its rule gets none of their other calls, only those an agent sends to its own host, and with no Backend left the gateway refuses the call.',
  fix: notEnforced.Translation.instead,
  *check(world) {
    for (const route of world.own('AIProviderRoute')) yield* ofRoute(world, route);
  },
};
