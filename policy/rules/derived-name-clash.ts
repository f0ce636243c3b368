/** Two objects that want one name for what is made of them. */
import { derivedNames, namingKinds, type NamingItem } from '../derived-name.ts';
import { renderName } from '../manifest/manifest.ts';
import type { Found, Rule } from '../rule.ts';
import type { World } from '../world.ts';

interface Taken {
  readonly item: NamingItem;
  readonly also: NamingItem;
  readonly what: string;
}

function* taken(world: World): Iterable<Taken> {
  const first = new Map<string, NamingItem>();
  const wanted = namingKinds.flatMap((kind) =>
    world.all(kind).flatMap((item) => derivedNames(kind, item.name).map((derived) => ({ item, derived }))),
  );
  for (const { item, derived } of wanted) {
    const what = `${derived.kind} ${item.namespace}/${derived.name}`;
    const also = first.get(what);
    if (also === undefined) first.set(what, item);
    else yield { item, also, what };
  }
}

/** Objects of other groups that are in the way, such as a Service somebody wrote. */
function* inTheWay(world: World): Iterable<Found> {
  for (const kind of namingKinds) {
    for (const { manifest, namespace, name } of world.own(kind)) {
      const found = derivedNames(kind, name).find((each) => world.has(each.kind, namespace, each.name));
      if (found === undefined) continue;
      const message = `${found.kind} ${namespace}/${found.name}, which the operator makes for it, is in these manifests`;
      yield { manifest, path: ['metadata', 'name'], message };
    }
  }
}

export const derivedNameClash: Rule = {
  id: 'derived-name-clash',
  severity: 'error',
  title: 'Two objects that want one name for what is made of them',
  why: 'What the operator makes is named after its owner: a TaskAgent and a DaemonAgent of one name want the same revisions, a TaskAgent egress-x and an EgressGateway x the same Service. The one that comes second is refused, and which that is depends on time.',
  fix: 'Rename one of the two.',
  *check(world) {
    const told = new Set<NamingItem>();
    for (const { item, also, what } of taken(world)) {
      // Where the later one is not judged here, the earlier one is.
      const own = world.own(item.kind).includes(item) ? item : also;
      const other = own === item ? also : item;
      if (told.has(own) || !world.own(own.kind).includes(own)) continue;
      told.add(own);
      const message = `${renderName(other.manifest)} also has ${what} made for it`;
      yield { manifest: own.manifest, path: ['metadata', 'name'], message };
    }
    yield* inTheWay(world);
  },
};
