/** S52: what one object is enough to refuse is refused by the real API server too, with the rule's id and words. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApiClient, KubeObject, Resource } from '../../../operator/runtime/index.ts';
import { kinds } from '../../../operator/kind.ts';
import { admissionLabel, admissionPolicies, rules } from '../../../policy/index.ts';
import { ControlPlane, eventually } from '../../operator/control-plane.ts';
import { gateway, l4Route, providerRoute } from '../../operator/manifest.ts';

const resourceOf = (plural: string, kind: string): Resource => ({
  ...{ group: 'admissionregistration.k8s.io', version: 'v1', plural, kind, namespaced: false },
});
const resources: Readonly<Record<string, Resource>> = {
  ValidatingAdmissionPolicy: resourceOf('validatingadmissionpolicies', 'ValidatingAdmissionPolicy'),
  ValidatingAdmissionPolicyBinding: resourceOf(
    'validatingadmissionpolicybindings',
    'ValidatingAdmissionPolicyBinding',
  ),
};
const generated = admissionPolicies(rules) as KubeObject[];

let plane: ControlPlane;
let api: ApiClient;

const withSpec = (object: KubeObject, spec: object): KubeObject =>
  ({ ...object, spec: { ...(object as { spec?: object }).spec, ...spec } }) as KubeObject;
const allowAll = withSpec(gateway, { defaultPolicy: 'allow-all' });
const range = (cidr: string): KubeObject =>
  withSpec(l4Route, { rules: [{ matches: [{ destinationCIDRs: [cidr] }] }] });
const budget = (tokenBudget: object): KubeObject =>
  withSpec(providerRoute, {
    rules: [{ matches: [{ provider: 'openai' }], filters: [{ type: 'TokenBudget', tokenBudget }] }],
  });

const kindOf: Readonly<Record<string, Resource>> = {
  EgressGateway: kinds.egressGateway,
  EgressL4Route: kinds.egressL4Route,
  AIProviderRoute: kinds.aiProviderRoute,
};

async function tryApply(object: KubeObject): Promise<string> {
  try {
    await api.apply(kindOf[object.kind ?? '']!, object, { fieldManager: 'test' });
    return 'accepted';
  } catch (error) {
    return String((error as Error).message);
  }
}

beforeAll(async () => {
  plane = await ControlPlane.start();
  api = plane.client();
  for (const object of generated)
    await api.apply(resources[object.kind ?? '']!, object, { fieldManager: 'test' });
  // Policies take a moment to be compiled by the server.
  await eventually(async () => expect(await tryApply(allowAll)).toContain('allow-all-gateway'), 60_000);
}, 180_000);

afterAll(async () => {
  await plane?.stop();
});

describe('S52: refused at admission with the rule’s id', () => {
  test.each<[string, KubeObject]>([
    ['allow-all-gateway', allowAll],
    ['broad-range', range('16.0.0.0/4')],
    ['broad-range', range('2000::/4')],
    ['never-open-destination', range('168.63.0.0/16')],
    ['budget-without-cap', budget({ maxOutputTokensPerRequest: 10 })],
  ])('%s', async (id, object) => {
    const rule = rules.find((each) => each.id === id);
    let attempt = 0;
    await eventually(async () => {
      // Under a new name each time: what got in before the policy was compiled would be unchanged, and is not judged again.
      attempt += 1;
      const name = `${object.metadata?.name ?? ''}-${id}-${attempt}`;
      const answer = await tryApply({ ...object, metadata: { ...object.metadata, name } });
      expect(answer).toContain(`clrk-${id}`);
      expect(answer).toContain(`${id}: ${rule?.admission?.[0]?.message}`);
    }, 60_000);
  });

  test.each<[string, KubeObject]>([
    ['deny-all', gateway],
    ['a range of a service', range('203.0.113.0/24')],
    ['a /8', range('8.0.0.0/8')],
    ['hostnames only', l4Route],
    ['a capped budget', budget({ maxTokensPerDay: 10 })],
    ['a shared budget', budget({ budgetRef: 'team' })],
  ])('%s is accepted', async (_name, object) => {
    expect(await tryApply(object)).toBe('accepted');
  });
});

test('a namespace labelled so is left alone', async () => {
  const namespace = {
    ...{ apiVersion: 'v1', kind: 'Namespace' },
    metadata: { name: 'lab', labels: { [admissionLabel]: 'off' } },
  } as KubeObject;
  await api.apply(kinds.namespace, namespace, { fieldManager: 'test' });
  const inLab = { ...allowAll, metadata: { ...allowAll.metadata, namespace: 'lab' } };
  await eventually(async () => expect(await tryApply(inLab)).toBe('accepted'), 60_000);
  expect(await tryApply(allowAll)).toContain('allow-all-gateway');
});

test('the same bytes in whatever order the rules come', () => {
  expect(JSON.stringify(admissionPolicies([...rules].reverse()))).toBe(
    JSON.stringify(admissionPolicies(rules)),
  );
});
