/** CredentialInjectionPolicy status. What it injects is compiled with the gateways it concerns. */
import { changedObjects } from '../change.ts';
import { isLive } from '../compile/index.ts';
import type { Context, ControllerSpec } from '../context.ts';
import { kinds, type CredentialInjectionPolicy as Policy } from '../kind.ts';
import { graceRequeue, markPending, previousConditions } from '../pending.ts';
import {
  keyOfObject,
  splitKey,
  type KubeObject,
  type ObjectChange,
  type ReconcileResult,
  type World,
} from '../runtime/index.ts';
import { policyStatus } from './status.ts';

async function reconcile(context: Context, key: string): Promise<ReconcileResult> {
  const { namespace, name } = splitKey(key);
  const policy = context.world.get(kinds.credentialInjectionPolicy, namespace, name);
  if (policy === undefined || !isLive(policy)) return {};
  await markPending(context, kinds.credentialInjectionPolicy, policy);
  const status = policyStatus(context.world, policy, context.now());
  await context.applier.applyStatus(kinds.credentialInjectionPolicy, policy, status);
  return graceRequeue(previousConditions(policy), context.now());
}

function policiesOf(
  world: World,
  change: ObjectChange,
  concerns: (names: ReadonlySet<string>, policy: Policy) => boolean,
): readonly string[] {
  const names = new Set(changedObjects(change).map(({ metadata }) => metadata?.name ?? ''));
  return world
    .list(kinds.credentialInjectionPolicy, (change.after ?? change.before)?.metadata?.namespace)
    .filter((policy) => concerns(names, policy))
    .map((policy) => keyOfObject(policy as KubeObject));
}

const targets = (names: ReadonlySet<string>, policy: Policy): boolean =>
  policy.spec.targetRefs.some((ref) => names.has(ref.name));

export const credentialInjectionPolicyController: ControllerSpec = {
  name: 'credentialinjectionpolicy',
  concurrency: 2,
  reconcile,
  watches: [
    {
      resource: kinds.credentialInjectionPolicy,
      keysOf: (_world, change) => changedObjects(change).map(keyOfObject),
    },
    {
      resource: kinds.secret,
      keysOf: (world, change) =>
        policiesOf(world, change, (names, policy) => names.has(policy.spec.secretRef.name)),
    },
    { resource: kinds.aiProviderRoute, keysOf: (world, change) => policiesOf(world, change, targets) },
    {
      resource: kinds.egressGateway,
      keysOf: (world, change) => policiesOf(world, change, targets),
      delayMs: 50,
    },
  ],
};
