/** Routes look again when they change, or when a gateway or namespace they name does. */
import { affectedKeys, affectingKinds } from './affected.ts';
import { changedObjects } from './change.ts';
import type { ControllerSpec } from './context.ts';
import { kinds, type Route } from './kind.ts';
import {
  keyOf,
  keyOfObject,
  type Kind,
  type KubeObject,
  type ObjectChange,
  type World,
} from './runtime/index.ts';

function routesOf(world: World, kind: Kind<Route>, change: ObjectChange): readonly string[] {
  const gateways = new Set(changedObjects(change).map(keyOfObject));
  return world
    .list(kind)
    .filter((route) =>
      route.spec.parentRefs.some((parent) =>
        gateways.has(keyOf(parent.namespace ?? route.metadata.namespace, parent.name)),
      ),
    )
    .map((route) => keyOfObject(route as KubeObject));
}

/** Only the spec and the life of a gateway matter to a route, not its status. */
function gatewayMatters({ before, after }: ObjectChange): boolean {
  if (before === undefined || after === undefined || before === after) return true;
  const life = (object: KubeObject): string =>
    `${object.metadata?.uid ?? ''} ${object.metadata?.generation ?? ''} ${object.metadata?.deletionTimestamp ?? ''}`;
  return life(before) !== life(after);
}

export function routeWatches(kind: Kind<Route>): ControllerSpec['watches'] {
  return [
    { resource: kind, keysOf: (_world, change) => changedObjects(change).map(keyOfObject) },
    {
      resource: kinds.egressGateway,
      keysOf: (world, change) => (gatewayMatters(change) ? routesOf(world, kind, change) : []),
    },
    {
      resource: kinds.namespace,
      keysOf: (world, change) => {
        const name = (change.after ?? change.before)?.metadata?.name;
        return world.list(kind, name).map((route) => keyOfObject(route as KubeObject));
      },
    },
    ...affectingKinds.map((resource): ControllerSpec['watches'][number] => ({
      resource,
      keysOf: (_world, change) => affectedKeys(kind.kind, changedObjects(change)),
    })),
  ];
}
