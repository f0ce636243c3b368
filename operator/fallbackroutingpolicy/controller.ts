/**
 * FallbackRoutingPolicy status. What it says is compiled with the gateways its targets attach to; a Backend that no call can be sent
 * to, because its rule takes what no gateway translates, is named.
 */
import { attachedPolicyController } from '../attached-policy.ts';
import { untranslatedBackends } from '../compile/index.ts';
import { kinds } from '../kind.ts';
import type { Policy, PolicyTarget } from '../policy-status.ts';
import { policiesOf } from '../policy-watches.ts';
import type { Finding, World } from '../runtime/index.ts';

function enforced(world: World, { metadata }: Policy, { name }: PolicyTarget): Finding[] {
  const route = world.get(kinds.aiProviderRoute, metadata.namespace, name);
  const unused = route === undefined ? [] : [...new Set(untranslatedBackends(world, route))];
  if (unused.length === 0) return [];
  return [{ type: 'Enforced', status: 'False', reason: 'NotEnforced', message: unused.join('; ') }];
}

export const fallbackRoutingPolicyController = attachedPolicyController({
  name: 'fallbackroutingpolicy',
  kind: kinds.fallbackRoutingPolicy,
  targetKinds: [kinds.aiProviderRoute],
  beside: enforced,
  moreWatches: [
    {
      resource: kinds.backend,
      keysOf: (world, change) => policiesOf(world, kinds.fallbackRoutingPolicy, change, () => true),
    },
  ],
});
