/** RateLimitPolicy status. What gateways cannot count refuses the calls of routes that name it, and this says so. */
import { faultOfPolicy } from '../compile/index.ts';
import { filterPolicyController } from '../filter-policy.ts';
import { kinds } from '../kind.ts';

export const rateLimitPolicyController = filterPolicyController('ratelimitpolicy', kinds.rateLimitPolicy, {
  enforcementOf: ({ spec }) => {
    const message = faultOfPolicy(spec);
    return message === undefined ? { enforced: true } : { enforced: false, message };
  },
});
