/** NetworkPolicies of workers and gateways select the very pods that are made, and admit the very pods that call. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ports, systemNamespace } from '../../contract/index.ts';
import { repositoryRoot } from '../../local/root.ts';
import { gatewayDeployment, gatewayPolicy } from '../../operator/egressgateway/children.ts';
import type { EgressGateway, WorkerPool } from '../../operator/kind.ts';
import { poolNetworkPolicy, workerDeployment } from '../../operator/workerpool/children.ts';

type Labels = Readonly<Record<string, string>>;

interface Selector {
  readonly matchLabels: Labels;
}

interface Policy {
  readonly spec: {
    readonly podSelector: Selector;
    readonly policyTypes: readonly string[];
    readonly ingress: ReadonlyArray<{
      readonly ports: ReadonlyArray<{ readonly port: number }>;
      readonly from?: ReadonlyArray<{
        readonly namespaceSelector?: Selector;
        readonly podSelector: Selector;
      }>;
    }>;
  };
}

interface Pods {
  readonly spec: { readonly template: { readonly metadata: { readonly labels: Labels } } };
}

const pool = { metadata: { namespace: 'a', name: 'p' }, spec: { template: { image: 'i' } } } as WorkerPool;
const gateway = {
  metadata: { namespace: 'a', name: 'g' },
  spec: { listeners: [] },
} as unknown as EgressGateway;
const labelsOf = (deployment: unknown): Labels => (deployment as Pods).spec.template.metadata.labels;
const ingressFile = join(repositoryRoot, 'dist/platform/Deployment.clrk-ingress.k8s.yaml');

const pods = {
  worker: { namespace: 'a', labels: labelsOf(workerDeployment(pool)) },
  gateway: { namespace: 'a', labels: labelsOf(gatewayDeployment(gateway, 'i')) },
  ingress: { namespace: systemNamespace, labels: labelsOf(parse(readFileSync(ingressFile, 'utf8'))) },
  'worker of another namespace': { namespace: 'b', labels: labelsOf(workerDeployment(pool)) },
  'ingress of another namespace': {
    namespace: 'b',
    labels: labelsOf(parse(readFileSync(ingressFile, 'utf8'))),
  },
  'a pod of a user': { namespace: 'a', labels: { app: 'mine' } },
} as const;

const matches = ({ matchLabels }: Selector, labels: Labels): boolean =>
  Object.entries(matchLabels).every(([key, value]) => labels[key] === value);

/** Names of the pods that may connect to `port` of a pod the policy is for. */
function admitted({ spec }: Policy, port: number): string[] {
  const rules = spec.ingress.filter((rule) => rule.ports.some((each) => each.port === port));
  return Object.entries(pods)
    .filter(([, { namespace, labels }]) =>
      rules.some(
        ({ from }) =>
          from?.some(
            ({ namespaceSelector, podSelector }) =>
              (namespaceSelector === undefined
                ? namespace === 'a'
                : matches(namespaceSelector, { 'kubernetes.io/metadata.name': namespace })) &&
              matches(podSelector, labels),
          ) ?? true,
      ),
    )
    .map(([name]) => name);
}

describe.each([
  ['worker', poolNetworkPolicy(pool, systemNamespace), ports.workerDispatch, 'ingress'],
  ['gateway', gatewayPolicy(gateway), ports.egressFrame, 'worker'],
] as const)('the policy of a %s', (name, object, port, caller) => {
  const policy = object as unknown as Policy;

  it('is for its pods and no others', () => {
    const chosen = Object.entries(pods).filter(([, { labels }]) => matches(policy.spec.podSelector, labels));
    expect(chosen.map(([each]) => each).filter((each) => !each.startsWith(`${name} of`))).toEqual([name]);
  });

  it('admits its one caller, and anyone to probes', () => {
    expect(admitted(policy, port)).toEqual([caller]);
    expect(admitted(policy, ports.health)).toEqual(Object.keys(pods));
    expect(admitted(policy, 22)).toEqual([]);
  });

  it('limits what comes in only', () => {
    expect(policy.spec.policyTypes).toEqual(['Ingress']);
  });
});
