/** A header that a rule is to change and no gateway changes, or that a credential writes. */
import { headerEditOf } from '../../contract/index.ts';
import { judgeHeaderEdit } from '../../decision/index.ts';
import type { Found, Rule } from '../rule.ts';
import type { Item, World } from '../world.ts';

type Route = Item<'EgressHTTPRoute'>;

/** Headers that credentials of the route write, in lower case. */
function keyHeaders(world: World, route: Route): ReadonlySet<string> {
  const own = world
    .own('CredentialInjectionPolicy')
    .filter(({ namespace, spec }) =>
      spec.targetRefs.some(
        ({ kind, name }) =>
          kind === 'EgressHTTPRoute' && name === route.name && namespace === route.namespace,
      ),
    );
  return new Set(own.flatMap(({ spec }) => spec.headerName?.toLowerCase() ?? []));
}

function* ofRoute(world: World, route: Route): Iterable<Found> {
  const keys = keyHeaders(world, route);
  for (const [index, { filters = [] }] of route.spec.rules.entries()) {
    const edit = headerEditOf(filters);
    if (edit === undefined) continue;
    const path = ['spec', 'rules', index, 'filters'];
    const problem = judgeHeaderEdit(edit);
    if (problem !== undefined) {
      yield { manifest: route.manifest, path, message: `${problem}: calls of the rule are refused (503)` };
    }
    const names = [...edit.set, ...edit.add].map(({ name }) => name);
    const key = [...names, ...edit.remove].find((name) => keys.has(name.toLowerCase()));
    if (key === undefined) continue;
    const message = `a credential writes the header "${key}": what the filter says of it does nothing`;
    yield { manifest: route.manifest, path, message };
  }
}

export const headerEditUnfit: Rule = {
  id: 'header-edit-unfit',
  severity: 'error',
  title: 'A header that no rule may change',
  why: 'Headers that frame a call, decide about it or bear a key are the gateway\u2019s. A rule that is to change one is not carried out, and what cannot be carried out is refused.',
  fix: 'Change another header; put keys on calls with a CredentialInjectionPolicy.',
  *check(world) {
    for (const route of world.own('EgressHTTPRoute')) yield* ofRoute(world, route);
  },
};
