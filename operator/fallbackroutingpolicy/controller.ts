/** FallbackRoutingPolicy status: attached like any policy, and said plainly that gateways do not carry it out yet. */
import { attachedPolicyController } from '../attached-policy.ts';
import { kinds } from '../kind.ts';
import type { Finding } from '../runtime/index.ts';

const notEnforced: Finding = {
  type: 'Enforced',
  status: 'False',
  reason: 'NotEnforced',
  message: 'gateways of this version choose Backends by weight and do not fall back to the next one',
};

export const fallbackRoutingPolicyController = attachedPolicyController({
  name: 'fallbackroutingpolicy',
  kind: kinds.fallbackRoutingPolicy,
  targetKinds: [kinds.aiProviderRoute],
  everywhere: [notEnforced],
});
