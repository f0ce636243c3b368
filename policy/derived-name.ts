/** The objects the operator makes for an object of ours, by name, as contract's childName has them. */
import { childName } from '../contract/index.ts';
import type { Item, World } from './world.ts';

export const namingKinds = ['TaskAgent', 'DaemonAgent', 'WorkerPool', 'EgressGateway'] as const;
export type NamingKind = (typeof namingKinds)[number];
export type NamingItem = Item<NamingKind>;

export interface DerivedName {
  readonly kind: 'Service' | 'Deployment' | 'AgentSandboxRevision';
  readonly name: string;
}

export function derivedNames(kind: NamingKind, name: string): DerivedName[] {
  const revision: DerivedName = { kind: 'AgentSandboxRevision', name: childName.revision(name, 1) };
  switch (kind) {
    case 'TaskAgent':
      return [{ kind: 'Service', name: childName.agentService(name) }, revision];
    case 'DaemonAgent':
      return [revision];
    case 'WorkerPool':
      return workload(childName.poolWorkers(name));
    case 'EgressGateway':
      return workload(childName.gateway(name));
    default:
      return kind satisfies never;
  }
}

function workload(name: string): DerivedName[] {
  return [
    { kind: 'Service', name },
    { kind: 'Deployment', name },
  ];
}

/** The objects whose names are known here: one that the server completes (generateName) is judged by the server. */
export function namingItems(world: World): NamingItem[] {
  const items = namingKinds.flatMap((kind): readonly NamingItem[] => world.own(kind));
  return items.filter(({ name }) => !name.includes('<'));
}
