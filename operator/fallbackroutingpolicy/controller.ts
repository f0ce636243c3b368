/** FallbackRoutingPolicy status: attached like any policy, and said plainly that gateways do not carry it out yet. */
import { notEnforced } from '../../contract/index.ts';
import { attachedPolicyController } from '../attached-policy.ts';
import { kinds } from '../kind.ts';
import type { Finding } from '../runtime/index.ts';

const finding: Finding = {
  type: 'Enforced',
  status: 'False',
  reason: 'NotEnforced',
  message: notEnforced.Fallback.message,
};

export const fallbackRoutingPolicyController = attachedPolicyController({
  name: 'fallbackroutingpolicy',
  kind: kinds.fallbackRoutingPolicy,
  targetKinds: [kinds.aiProviderRoute],
  beside: () => [finding],
});
