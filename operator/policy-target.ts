/** Does a policy reach its target: is it there, and is no other policy of the kind before it (GEP-713)? Pure. */
import { isLive, precedingPolicy } from './compile/index.ts';
import { apiGroup, kinds } from './kind.ts';
import type { Policy, PolicyTarget } from './policy-status.ts';
import type { Finding, Kind, World } from './runtime/index.ts';

export const accepted: Finding = { type: 'Accepted', status: 'True', reason: 'Accepted', message: '' };

export function refused(reason: 'TargetNotFound' | 'Conflicted' | 'Invalid', message: string): Finding {
  return { type: 'Accepted', status: 'False', reason, message };
}

const targetKinds: Readonly<Record<string, Kind<object>>> = {
  AIProviderRoute: kinds.aiProviderRoute,
  MCPRoute: kinds.mcpRoute,
  EgressL4Route: kinds.egressL4Route,
  EgressHTTPRoute: kinds.egressHttpRoute,
  EgressGateway: kinds.egressGateway,
};

export function findTarget(world: World, namespace: string, ref: PolicyTarget): Finding {
  const kind = targetKinds[ref.kind];
  if ((ref.group ?? apiGroup) !== apiGroup || kind === undefined) {
    return refused('Invalid', `${ref.group ?? apiGroup}/${ref.kind} cannot be a target of this policy`);
  }
  const target = world.get(kind, namespace, ref.name);
  if (target !== undefined && isLive(target)) return accepted;
  return refused('TargetNotFound', `${ref.kind} ${ref.name} does not exist in ${namespace}`);
}

/** As `findTarget`, and the oldest policy of the kind at a target wins. */
export function findOwnTarget(world: World, kind: Kind<Policy>, policy: Policy, ref: PolicyTarget): Finding {
  const found = findTarget(world, policy.metadata.namespace, ref);
  if (found.status !== 'True') return found;
  const before = precedingPolicy(world, kind, policy, ref);
  if (before === undefined) return accepted;
  const message = `${kind.kind} ${before.metadata.name} is older and applies to ${ref.kind} ${ref.name}`;
  return refused('Conflicted', message);
}
