/** `status.ancestors` of a CredentialInjectionPolicy (GEP-713). Pure. */
import { compileInjection, secretKeysOf } from '../compile/index.ts';
import { kinds, type AIProviderRoute, type CredentialInjectionPolicy, type MCPRoute } from '../kind.ts';
import { policyStatus as statusOf } from '../policy-status.ts';
import { accepted, findTarget, refused } from '../policy-target.ts';
import type { Finding, World } from '../runtime/index.ts';

type TargetRef = CredentialInjectionPolicy['spec']['targetRefs'][number];

/** What a broken Secret means in words; never a byte of it. */
const secretMessages: Readonly<Record<string, string>> = {
  SecretNotFound: 'does not exist',
  SecretKeyNotFound: 'lacks the key',
  SecretValueInvalid:
    'holds what cannot be sent: control characters, nothing, or no key file where one must be',
  TokenEndpointForeign:
    'is a key file of another token endpoint than Google\u2019s (set providerAuth.tokenURL)',
  PolicyInvalid: 'does not fit the policy target',
};

export function policyStatus(world: World, policy: CredentialInjectionPolicy, now: number): object {
  const resolved = [resolvedRefs(world, policy)];
  const accepted = (ref: Parameters<typeof acceptedFinding>[2]): Finding =>
    acceptedFinding(world, policy, ref);
  return statusOf({ policy, accepted, beside: () => resolved, now });
}

function resolvedRefs(world: World, policy: CredentialInjectionPolicy): Finding {
  const type = 'ResolvedRefs';
  const inject = compileInjection(world, policy);
  if (inject.type !== 'Broken') return { type, status: 'True', reason: 'ResolvedRefs', message: '' };
  const { secretRef } = policy.spec;
  const what = secretMessages[inject.reason] ?? 'cannot be used';
  const keys = secretKeysOf(policy.spec).join(', ');
  const message = `Secret ${secretRef.name} ${what} (key ${keys}); calls are refused until it is there`;
  return { type, status: 'False', reason: inject.reason, message };
}

/** Credentials stack, so two of them never conflict. */
function acceptedFinding(world: World, policy: CredentialInjectionPolicy, ref: TargetRef): Finding {
  const { namespace } = policy.metadata;
  const finding = findTarget(world, namespace, ref);
  if (finding.status !== 'True' || ref.sectionName === undefined) return finding;
  const kind = ref.kind === 'MCPRoute' ? kinds.mcpRoute : kinds.aiProviderRoute;
  const route = world.get<AIProviderRoute | MCPRoute>(kind, namespace, ref.name);
  const rules: ReadonlyArray<Pick<AIProviderRoute['spec']['rules'][number], 'backendRefs'>> =
    route?.spec.rules ?? [];
  const names = rules.flatMap(({ backendRefs = [] }) => backendRefs.map((each) => each.name));
  return names.includes(ref.sectionName)
    ? accepted
    : refused('TargetNotFound', `${ref.kind} ${ref.name} has no backend ${ref.sectionName}`);
}
