/**
 * EgressDenyPolicy status. What it denies is compiled with the gateways its targets attach to. A target whose Backend is missing
 * names hosts that nobody knows, so gateways deny what it names everywhere, and the status says so.
 */
import { attachedPolicyController } from '../attached-policy.ts';
import { unresolvedBackends } from '../compile/index.ts';
import { kinds } from '../kind.ts';
import type { Policy, PolicyTarget } from '../policy-status.ts';
import { policiesOf } from '../policy-watches.ts';
import type { Finding, World } from '../runtime/index.ts';

function resolvedRefs(world: World, { metadata }: Policy, { kind, name }: PolicyTarget): Finding[] {
  const route =
    kind === 'AIProviderRoute' ? world.get(kinds.aiProviderRoute, metadata.namespace, name) : undefined;
  if (route === undefined) return [];
  const type = 'ResolvedRefs';
  const [first, ...more] = unresolvedBackends(world, route, 'api');
  if (first === undefined) return [{ type, status: 'True', reason: 'ResolvedRefs', message: '' }];
  const missing = [first, ...more].map(({ message }) => message).join('; ');
  const message = `${missing}; until then what the rule names is denied on every host`;
  return [{ type, status: 'False', reason: first.reason, message }];
}

export const egressDenyPolicyController = attachedPolicyController({
  name: 'egressdenypolicy',
  kind: kinds.egressDenyPolicy,
  targetKinds: [kinds.aiProviderRoute, kinds.mcpRoute, kinds.egressL4Route, kinds.egressHttpRoute],
  beside: resolvedRefs,
  moreWatches: [
    {
      resource: kinds.backend,
      keysOf: (world, change) => policiesOf(world, kinds.egressDenyPolicy, change, () => true),
    },
  ],
});
