/** LoggingPolicy status. What it keeps out of records is compiled with the routes whose filters name it. */
import { filterPolicyController } from '../filter-policy.ts';
import { kinds } from '../kind.ts';

export const loggingPolicyController = filterPolicyController('loggingpolicy', kinds.loggingPolicy, () => ({
  enforced: true,
}));
