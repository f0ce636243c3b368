/**
 * An object of ours that does not fit its schema: stored before a bound was written, or by a looser definition. Which it is,
 * what stands in for it, and what is said on it. It must never harm another object, and never open what it meant to close.
 */
import { kinds as definitions, type KindDefinition } from '../api/index.ts';
import { isList, isObject, renderPath, shapeIssues, type Json } from '../policy/index.ts';
import type { Context } from './context.ts';
import { apiGroup } from './kind.ts';
import { previousConditions } from './pending.ts';
import {
  ApiError,
  setConditions,
  summaryFindings,
  type KubeObject,
  type Misfit,
  type Resource,
} from './runtime/index.ts';

const reason = 'InvalidObject';
/** Of many issues the first few tell enough. */
const shownIssues = 3;

interface Raw extends KubeObject {
  readonly spec?: Json;
}

const definitionOf = new Map(definitions.map((definition) => [definition.plural, definition]));

/** Pure. Of kinds that are not ours the API server itself sees to the shape. */
export function judgeObject(resource: Resource, object: KubeObject): Omit<Misfit, 'object'> | undefined {
  const definition = resource.group === apiGroup ? definitionOf.get(resource.plural) : undefined;
  if (definition === undefined) return undefined;
  const { spec } = object as Raw;
  const issues = shapeIssues(definition.kind, spec).map(
    ({ path, message }) => `${renderPath(path)}: ${message}`,
  );
  const problems = [...nameProblems(definition, object.metadata?.name ?? ''), ...issues];
  if (problems.length === 0) return undefined;
  const more = problems.length > shownIssues ? `; and ${problems.length - shownIssues} more` : '';
  return {
    problem: `${problems.slice(0, shownIssues).join('; ')}${more}`,
    standIn: standInFor(definition.kind, object),
  };
}

function nameProblems({ kind, name: rule }: KindDefinition, name: string): string[] {
  if (rule === undefined || (name.length <= rule.maxLength && new RegExp(rule.pattern).test(name))) return [];
  const dots = rule.pattern.includes('[.]') ? '' : ', no dots';
  return [
    `metadata.name: names of ${kind}s have at most ${rule.maxLength} lower-case letters, digits and dashes${dots}`,
  ];
}

/** What of a policy that only restricts can be read goes on restricting: left out, it would open or send bare. */
function standInFor(kind: string, object: KubeObject): KubeObject | undefined {
  const { spec } = object as Raw;
  const targetRefs = readableTargets(spec);
  if (targetRefs.length === 0) return undefined;
  if (kind === 'EgressDenyPolicy') return { ...object, spec: { targetRefs } } as KubeObject;
  // No Secret has an empty name: the credential is broken, and its calls are refused.
  const broken = { targetRefs, target: 'Header', secretRef: { name: '' } };
  return kind === 'CredentialInjectionPolicy' ? ({ ...object, spec: broken } as KubeObject) : undefined;
}

function readableTargets(spec: Json | undefined): ReadonlyArray<object> {
  const refs = isObject(spec) ? spec['targetRefs'] : undefined;
  if (!isList(refs)) return [];
  return refs.flatMap((ref) => {
    if (!isObject(ref)) return [];
    const { group, kind, name } = ref;
    if (typeof kind !== 'string' || typeof name !== 'string') return [];
    return [{ group: typeof group === 'string' ? group : apiGroup, kind, name }];
  });
}

/** Says it on the object; where the API server refuses to write its status too, as an Event about it. */
export async function reportMalformed(
  context: Pick<Context, 'applier' | 'events' | 'now'>,
  resource: Resource,
  { object, problem }: Misfit,
): Promise<void> {
  const message = `${problem}. It takes no part until it is mended (kubectl explain ${resource.plural}.spec)`;
  const generation = object.metadata?.generation ?? 0;
  const findings = summaryFindings({ state: 'stalled', reason, message });
  const previous = previousConditions(object);
  const conditions = setConditions(findings, { previous, generation, now: context.now() });
  try {
    await context.applier.applyStatus(resource, object, { observedGeneration: generation, conditions });
  } catch (thrown) {
    if (!(thrown instanceof ApiError) || thrown.status !== 422) throw thrown;
    context.events.record(resource, object, { type: 'Warning', reason, action: 'Read', note: message });
  }
}
