/** RateLimitPolicy status. Gateways cannot count yet: a route that names one refuses its calls, and this says so. */
import { notEnforced } from '../../contract/index.ts';
import { filterPolicyController } from '../filter-policy.ts';
import { kinds } from '../kind.ts';

export const rateLimitPolicyController = filterPolicyController('ratelimitpolicy', kinds.rateLimitPolicy, {
  enforced: false,
  message: notEnforced.RateLimit.message,
});
