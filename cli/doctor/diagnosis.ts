/**
 * What a cluster's own words say of the platform and of our objects on it. Pure. What could not be seen is `unknown`: it is never told
 * as well, and never as broken.
 */
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { waitsFor } from '../install/rollout.ts';

export interface Diagnosis {
  readonly check: string;
  readonly level: 'ok' | 'warning' | 'error' | 'unknown';
  readonly message: string;
  readonly hint?: string;
}

/** An answer, or why there is none. */
export type Seen<T> =
  | { readonly kind: 'seen'; readonly value: T }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unseen'; readonly why: string };

const conditionSchema = Type.Object({
  type: Type.String(),
  status: Type.String(),
  reason: Type.Optional(Type.String()),
  message: Type.Optional(Type.String()),
});
const objectSchema = Type.Object({
  metadata: Type.Object({ name: Type.String(), namespace: Type.Optional(Type.String()) }),
  status: Type.Optional(Type.Object({ conditions: Type.Optional(Type.Array(conditionSchema)) })),
});
type Condition = Static<typeof conditionSchema>;

/** The rest is counted. */
const maxShown = 20;

function unseen(check: string, why: string): Diagnosis {
  return { check, level: 'unknown', message: `could not be seen: ${why}` };
}

export function diagnoseKinds(served: Seen<readonly string[]>, wanted: readonly string[]): Diagnosis {
  const check = 'kinds';
  if (served.kind === 'unseen') return unseen(check, served.why);
  const there = new Set(served.kind === 'absent' ? [] : served.value);
  const missing = wanted.filter((kind) => !there.has(kind));
  if (missing.length === 0) return { check, level: 'ok', message: `${wanted.length} kinds are served` };
  const message = `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not served`;
  return { check, level: 'error', message, hint: 'Run `clrk install` or `clrk upgrade`.' };
}

/** Deployments and StatefulSets of the platform, as they were listed. */
export function diagnoseWorkloads(
  namespace: string,
  listed: Seen<ReadonlyArray<{ readonly name: string; readonly workload: unknown }>>,
): Diagnosis[] {
  const check = 'platform';
  if (listed.kind === 'unseen') return [unseen(check, listed.why)];
  if (listed.kind === 'absent' || listed.value.length === 0) {
    const hint = 'Install it with `clrk install`, or name its namespace with --platform-namespace.';
    return [{ check, level: 'error', message: `nothing of it is in namespace ${namespace}`, hint }];
  }
  return listed.value.map(({ name, workload }) => {
    const waits = waitsFor(workload);
    if (waits === undefined) return { check, level: 'ok', message: `${name} is available` };
    const hint = `See \`kubectl -n ${namespace} describe ${name}\` and its pods.`;
    return { check, level: 'error', message: `${name}: ${waits}`, hint };
  });
}

function conditionsOf(object: unknown): readonly Condition[] | undefined {
  return Value.Check(objectSchema, object) ? (object.status?.conditions ?? []) : undefined;
}

function said({ reason = '', message = '' }: Condition): string {
  return [reason, message].filter((part) => part !== '').join(': ');
}

/** The APIService that `kubectl get invocations` goes through. */
export function diagnoseRecords(service: Seen<unknown>): Diagnosis {
  const check = 'records';
  if (service.kind === 'unseen') return unseen(check, service.why);
  const hint = 'See docs/records.md: until it is there, `clrk logs` reads through the Service of telemetry.';
  if (service.kind === 'absent') {
    return { check, level: 'error', message: 'the API of records is not registered', hint };
  }
  const available = conditionsOf(service.value)?.find(({ type }) => type === 'Available');
  if (available?.status === 'True') return { check, level: 'ok', message: 'kubectl reads invocations' };
  const why = available === undefined ? 'nobody has looked at it yet' : said(available);
  return { check, level: 'error', message: `the API of records is not available: ${why}`, hint };
}

function diagnoseObject(kind: string, object: unknown): Diagnosis | undefined {
  if (!Value.Check(objectSchema, object)) return undefined;
  const check = 'objects';
  const { name, namespace } = object.metadata;
  const who = `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;
  const conditions = object.status?.conditions ?? [];
  const ready = conditions.find(({ type }) => type === 'Ready');
  if (ready === undefined)
    return { check, level: 'warning', message: `${who}: the operator has said nothing yet` };
  if (ready.status !== 'True') return { check, level: 'error', message: `${who}: ${said(ready)}` };
  const enforced = conditions.find(({ type }) => type === 'Enforced');
  if (enforced?.status !== 'False') return undefined;
  return { check, level: 'warning', message: `${who}: ${said(enforced)}` };
}

/** `listed`: of each kind, its objects. */
export function diagnoseObjects(
  listed: ReadonlyArray<{
    readonly kind: string;
    readonly objects: Seen<readonly unknown[]>;
    /** There are more of them. */
    readonly isCut: boolean;
  }>,
): Diagnosis[] {
  const check = 'objects';
  const unknown = listed.flatMap(({ kind, objects }) =>
    objects.kind === 'unseen' ? [unseen(check, `${kind}: ${objects.why}`)] : [],
  );
  const cut = listed.flatMap(({ kind, objects, isCut }) =>
    isCut && objects.kind === 'seen'
      ? [unseen(check, `${kind} beyond the first ${objects.value.length}`)]
      : [],
  );
  const seen = listed.flatMap(({ kind, objects }) =>
    objects.kind === 'seen' ? objects.value.map((object) => ({ kind, object })) : [],
  );
  const found = seen.flatMap(({ kind, object }) => diagnoseObject(kind, object) ?? []);
  const troubled = [
    ...found.filter(({ level }) => level === 'error'),
    ...found.filter(({ level }) => level !== 'error'),
  ];
  const left = troubled.length - maxShown;
  const more: Diagnosis[] =
    left > 0 ? [{ check, level: 'warning', message: `and ${left} more; see \`clrk get\` of each kind` }] : [];
  const well: Diagnosis = {
    check,
    level: 'ok',
    message: `${seen.length - found.length} of ${seen.length} are well`,
  };
  return [...unknown, ...cut, ...troubled.slice(0, maxShown), ...more, well];
}

export function diagnoseVersion(program: string, operator: Seen<string | undefined>): Diagnosis {
  const check = 'version';
  if (operator.kind === 'unseen') return unseen(check, operator.why);
  const version = operator.kind === 'absent' ? undefined : operator.value;
  if (version === undefined) return { check, level: 'unknown', message: 'the operator names no version' };
  if (version === program) return { check, level: 'ok', message: `program and platform are ${program}` };
  const message = `this program is ${program}, the platform ${version}`;
  return {
    check,
    level: 'warning',
    message,
    hint: 'Use the program of the platform’s version, or `clrk upgrade`.',
  };
}
