/** LoggingPolicy status. What it keeps out of records, and who gets a copy, is compiled with the routes whose filters name it. */
import { filterPolicyController } from '../filter-policy.ts';
import { kinds } from '../kind.ts';
import { sinkFinding, sinkWatches } from './sink.ts';

export const loggingPolicyController = filterPolicyController('loggingpolicy', kinds.loggingPolicy, {
  enforcementOf: () => ({ enforced: true }),
  refsOf: sinkFinding,
  watches: sinkWatches,
});
