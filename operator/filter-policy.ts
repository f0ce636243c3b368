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
  type Summary,
  type World,
} from './runtime/index.ts';

export type Enforcement =
  { readonly enforced: true } | { readonly enforced: false; readonly message: string };

/** `refs`: what it names; undefined: nothing. */
export function filterPolicyStatus(
  policy: KubeObject,
  { enforcement, refs }: { readonly enforcement: Enforcement; readonly refs: Finding | undefined },
  now: number,
): object {
  const generation = policy.metadata?.generation ?? 0;
  const accepted: Finding = { type: 'Accepted', status: 'True', reason: 'Accepted', message: '' };
  const findings = [
    accepted,
    ...(refs === undefined ? [] : [refs]),
    ...summaryFindings(summarize(enforcement, refs)),
  ];
  const conditions = setConditions(findings, { previous: previousConditions(policy), generation, now });
  return { observedGeneration: generation, conditions };
}

function summarize(enforcement: Enforcement, refs: Finding | undefined): Summary {
  if (!enforcement.enforced) return { state: 'stalled', reason: 'NotEnforced', message: enforcement.message };
  if (refs?.status === 'False') return { state: 'pending', reason: refs.reason, message: refs.message };
  return { state: 'ready', reason: 'Accepted', message: 'applies where a filter of a route names it' };
}

export interface FilterPolicyOptions<T> {
  readonly enforcementOf: (policy: T) => Enforcement;
  /** ResolvedRefs of what it names; undefined: it names nothing. */
  readonly refsOf?: (world: World, policy: T) => Finding | undefined;
  /** Of what that depends on. */
  readonly watches?: ControllerSpec['watches'];
}

export function filterPolicyController<T extends KubeObject>(
  name: string,
  kind: Kind<T>,
  { enforcementOf, refsOf, watches: more = [] }: FilterPolicyOptions<T>,
): ControllerSpec {
  const reconcile = async (context: Context, key: string): Promise<ReconcileResult> => {
    const at = splitKey(key);
    const policy = context.world.get(kind, at.namespace, at.name);
    if (policy === undefined || !isLive(policy)) return {};
    await markPending(context, kind, policy);
    const judged = { enforcement: enforcementOf(policy), refs: refsOf?.(context.world, policy) };
    const status = filterPolicyStatus(policy, judged, context.now());
    await context.applier.applyStatus(kind, policy, status);
    return {};
  };
  const watches = [
    {
      resource: kind,
      keysOf: (_world: unknown, change: Parameters<typeof changedObjects>[0]) =>
        changedObjects(change).map(keyOfObject),
    },
    ...more,
  ];
  return { name, concurrency: 2, reconcile, watches };
}
