/** `status.parents` of a route, Gateway-API style: one entry a parentRef, Accepted and ResolvedRefs. Pure. */
import { affectedFindings } from './affected.ts';
import { attach } from './compile/index.ts';
import { graceLeft, previousConditions } from './pending.ts';
import type { ParentRef, Route } from './kind.ts';
import { canonicalJson } from '../contract/index.ts';
import {
  setConditions,
  summaryFindings,
  type Condition,
  type Finding,
  type Summary,
  type World,
} from './runtime/index.ts';

export const controllerName = 'clrk.apoxy.dev/operator';

export interface RouteObservation {
  readonly world: World;
  readonly route: Route;
  /** ResolvedRefs is the same for every parent: it is about what the route points at. */
  readonly resolvedRefs: Finding;
  /** What else its kind says of it. */
  readonly more?: readonly Finding[];
  readonly now: number;
}

interface ParentStatus {
  readonly parentRef: object;
  readonly conditions?: readonly Condition[] | undefined;
}

export function routeStatus(observation: RouteObservation): object {
  const { world, route, resolvedRefs, more = [], now } = observation;
  const generation = route.metadata.generation ?? 0;
  const old = (route.status as { parents?: readonly ParentStatus[] } | undefined)?.parents ?? [];
  const refs = uniqueRefs(route.spec.parentRefs);
  const accepted = refs.map((parent) => acceptedFinding(world, route, parent));
  const parents = refs.map((parent, index) => {
    const before = old.find((each) => canonicalJson(each.parentRef) === canonicalJson(parent));
    const findings = [accepted[index], resolvedRefs].filter((finding) => finding !== undefined);
    const conditions = setConditions(findings, { previous: before?.conditions ?? [], generation, now });
    return { parentRef: parent, controllerName, conditions };
  });
  const previous = previousConditions(route);
  const summary = summarize([...accepted, resolvedRefs], graceLeft(previous, 'Ready', now) === 0);
  const { namespace, name } = route.metadata;
  const affected = affectedFindings(world, { kind: route.kind ?? '', namespace, name });
  const all = [...summaryFindings(summary), ...affected, ...more];
  const conditions = setConditions(all, { previous, generation, now });
  return { observedGeneration: generation, parents, conditions };
}

export function uniqueRefs(refs: readonly ParentRef[]): readonly ParentRef[] {
  const seen = new Set<string>();
  return refs.filter((ref) => {
    const key = canonicalJson(ref);
    return seen.has(key) ? false : seen.add(key);
  });
}

function acceptedFinding(world: World, route: Route, parent: ParentRef): Finding {
  const attachment = attach(world, route, parent);
  if (attachment.attached) return { type: 'Accepted', status: 'True', reason: 'Accepted', message: '' };
  return { type: 'Accepted', status: 'False', reason: attachment.reason, message: attachment.message };
}

function summarize(findings: readonly Finding[], late: boolean): Summary {
  const failed = findings.find((finding) => finding.status !== 'True');
  if (failed === undefined)
    return { state: 'ready', reason: 'Accepted', message: 'attached to every parent' };
  const { reason, message } = failed;
  return { state: late ? 'stalled' : 'pending', reason, message };
}
