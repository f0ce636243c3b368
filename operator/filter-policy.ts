/**
 * Status of the policies that filters of routes name (RateLimitPolicy, LoggingPolicy): they have no targets, so the one
 * question is whether gateways carry them out. Apart so that both answer alike.
 */
import { changedObjects } from './change.ts';
import { isLive } from './compile/index.ts';
import type { Context, ControllerSpec } from './context.ts';
import { markPending, previousConditions } from './pending.ts';
import {
  keyOfObject,
  setConditions,
  splitKey,
  summaryFindings,
  type Finding,
  type Kind,
  type KubeObject,
  type ReconcileResult,
} from './runtime/index.ts';

export type Enforcement =
  { readonly enforced: true } | { readonly enforced: false; readonly message: string };

export function filterPolicyStatus(policy: KubeObject, enforcement: Enforcement, now: number): object {
  const generation = policy.metadata?.generation ?? 0;
  const accepted: Finding = { type: 'Accepted', status: 'True', reason: 'Accepted', message: '' };
  const summary = enforcement.enforced
    ? ({ state: 'ready', reason: 'Accepted', message: 'applies where a filter of a route names it' } as const)
    : ({ state: 'stalled', reason: 'NotEnforced', message: enforcement.message } as const);
  const findings = [accepted, ...summaryFindings(summary)];
  const conditions = setConditions(findings, { previous: previousConditions(policy), generation, now });
  return { observedGeneration: generation, conditions };
}

export function filterPolicyController<T extends KubeObject>(
  name: string,
  kind: Kind<T>,
  enforcementOf: (policy: T) => Enforcement,
): ControllerSpec {
  const reconcile = async (context: Context, key: string): Promise<ReconcileResult> => {
    const at = splitKey(key);
    const policy = context.world.get(kind, at.namespace, at.name);
    if (policy === undefined || !isLive(policy)) return {};
    await markPending(context, kind, policy);
    const status = filterPolicyStatus(policy, enforcementOf(policy), context.now());
    await context.applier.applyStatus(kind, policy, status);
    return {};
  };
  const watches = [
    {
      resource: kind,
      keysOf: (_world: unknown, change: Parameters<typeof changedObjects>[0]) =>
        changedObjects(change).map(keyOfObject),
    },
  ];
  return { name, concurrency: 2, reconcile, watches };
}
