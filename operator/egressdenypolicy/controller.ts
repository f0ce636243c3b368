/** EgressDenyPolicy status. What it denies is compiled with the gateways its targets attach to. */
import { attachedPolicyController } from '../attached-policy.ts';
import { kinds } from '../kind.ts';

export const egressDenyPolicyController = attachedPolicyController({
  name: 'egressdenypolicy',
  kind: kinds.egressDenyPolicy,
  targetKinds: [kinds.aiProviderRoute, kinds.mcpRoute, kinds.egressL4Route],
  everywhere: [],
});
