/** `status.ancestors` of a CredentialInjectionPolicy: one entry a target (reference c), at most 16. Pure. */
import { canonicalJson } from '../../contract/index.ts';
import { compileInjection } from '../compile/index.ts';
import { apiGroup, kinds, type CredentialInjectionPolicy } from '../kind.ts';
import { graceLeft, previousConditions } from '../pending.ts';
import { controllerName } from '../route-status.ts';
import {
  setConditions,
  summaryFindings,
  type Condition,
  type Finding,
  type Summary,
  type World,
} from '../runtime/index.ts';

// GEP-713: PolicyStatus.ancestors holds at most 16.
const maxAncestors = 16;

type TargetRef = CredentialInjectionPolicy['spec']['targetRefs'][number];

interface Ancestor {
  readonly ancestorRef: object;
  readonly conditions?: readonly Condition[] | undefined;
}

/** What a broken Secret means in words; never a byte of it. */
const secretMessages: Readonly<Record<string, string>> = {
  SecretNotFound: 'does not exist',
  SecretKeyNotFound: 'lacks the key',
  SecretValueInvalid: 'holds control characters or nothing',
  PolicyInvalid: 'does not fit the policy target',
};

export function policyStatus(world: World, policy: CredentialInjectionPolicy, now: number): object {
  const { metadata, spec } = policy;
  const generation = metadata.generation ?? 0;
  const old = (policy.status as { ancestors?: readonly Ancestor[] } | undefined)?.ancestors ?? [];
  const resolved = resolvedRefs(world, policy);
  const targets = [...new Map(spec.targetRefs.map((ref) => [canonicalJson(ref), ref])).entries()].sort(
    ([a], [b]) => (a < b ? -1 : 1),
  );
  const findings = targets.map(([, ref]) => acceptedFinding(world, policy, ref));
  const ancestors = targets.slice(0, maxAncestors).map(([, ref], index) => {
    const ancestorRef = { ...ref, namespace: metadata.namespace };
    const before = old.find((each) => canonicalJson(each.ancestorRef) === canonicalJson(ancestorRef));
    const mine = [findings[index], resolved].filter((finding) => finding !== undefined);
    const conditions = setConditions(mine, { previous: before?.conditions ?? [], generation, now });
    return { ancestorRef, controllerName, conditions };
  });
  const previous = previousConditions(policy);
  const summary = summarize([...findings, resolved], graceLeft(previous, 'Ready', now) === 0);
  const conditions = setConditions(summaryFindings(summary), { previous, generation, now });
  return { observedGeneration: generation, ancestors, conditions };
}

function resolvedRefs(world: World, policy: CredentialInjectionPolicy): Finding {
  const type = 'ResolvedRefs';
  const inject = compileInjection(world, policy);
  if (inject.type !== 'Broken') return { type, status: 'True', reason: 'ResolvedRefs', message: '' };
  const { secretRef, secretKey = 'token' } = policy.spec;
  const what = secretMessages[inject.reason] ?? 'cannot be used';
  const message = `Secret ${secretRef.name} ${what} (key ${secretKey}); calls are refused until it is there`;
  return { type, status: 'False', reason: inject.reason, message };
}

function acceptedFinding(world: World, policy: CredentialInjectionPolicy, ref: TargetRef): Finding {
  const type = 'Accepted';
  const { namespace } = policy.metadata;
  const refuse = (reason: string, message: string): Finding => ({ type, status: 'False', reason, message });
  if ((ref.group ?? apiGroup) !== apiGroup) return refuse('Invalid', `group ${ref.group ?? ''} is not ours`);
  if (ref.kind === 'MCPRoute') return refuse('Pending', 'MCPRoute is not served by this version');
  if (ref.kind === 'EgressGateway') {
    const found = world.get(kinds.egressGateway, namespace, ref.name) !== undefined;
    return found ? accepted : refuse('TargetNotFound', `EgressGateway ${ref.name} does not exist`);
  }
  const route = world.get(kinds.aiProviderRoute, namespace, ref.name);
  if (route === undefined) return refuse('TargetNotFound', `AIProviderRoute ${ref.name} does not exist`);
  const names = route.spec.rules.flatMap((rule) => (rule.backendRefs ?? []).map((each) => each.name));
  if (ref.sectionName !== undefined && !names.includes(ref.sectionName)) {
    return refuse('TargetNotFound', `AIProviderRoute ${ref.name} has no backend ${ref.sectionName}`);
  }
  return accepted;
}

const accepted: Finding = { type: 'Accepted', status: 'True', reason: 'Accepted', message: '' };

function summarize(findings: readonly Finding[], late: boolean): Summary {
  const failed = findings.find((finding) => finding.status !== 'True');
  if (failed === undefined) return { state: 'ready', reason: 'Accepted', message: 'every target found' };
  const { reason, message } = failed;
  return { state: late ? 'stalled' : 'pending', reason, message };
}
