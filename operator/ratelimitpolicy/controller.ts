/** RateLimitPolicy status. Gateways cannot count yet: a route that names one refuses its calls, and this says so. */
import { filterPolicyController } from '../filter-policy.ts';
import { kinds } from '../kind.ts';

export const rateLimitPolicyController = filterPolicyController('ratelimitpolicy', kinds.rateLimitPolicy, {
  enforced: false,
  message: 'gateways of this version cannot count requests: routes whose filters name it refuse calls (503)',
});
