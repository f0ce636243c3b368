/** EgressDenyPolicy status. What it denies is compiled with the gateways its targets attach to. */
import { isLive } from '../compile/index.ts';
import type { Context, ControllerSpec } from '../context.ts';
import { kinds } from '../kind.ts';
import { graceRequeue, markPending, previousConditions } from '../pending.ts';
import { policyStatus } from '../policy-status.ts';
import { findOwnTarget } from '../policy-target.ts';
import { policyWatches } from '../policy-watches.ts';
import { splitKey, type ReconcileResult } from '../runtime/index.ts';

const kind = kinds.egressDenyPolicy;

async function reconcile(context: Context, key: string): Promise<ReconcileResult> {
  const { namespace, name } = splitKey(key);
  const policy = context.world.get(kind, namespace, name);
  if (policy === undefined || !isLive(policy)) return {};
  await markPending(context, kind, policy);
  const now = context.now();
  const status = policyStatus({
    policy,
    accepted: (ref) => findOwnTarget(context.world, kind, policy, ref),
    everywhere: [],
    now,
  });
  await context.applier.applyStatus(kind, policy, status);
  return graceRequeue(previousConditions(policy), now);
}

export const egressDenyPolicyController: ControllerSpec = {
  name: 'egressdenypolicy',
  concurrency: 2,
  reconcile,
  watches: policyWatches(kind, [kinds.aiProviderRoute, kinds.mcpRoute, kinds.egressL4Route]),
};
