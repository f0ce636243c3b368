/** What of a live object is drift: whoever set it, and what the server or a tool writes by itself is not. */
import { describe, expect, test } from 'vitest';
import { driftOf, type JsonObject } from '../../../policy/index.ts';

const spec = { listeners: [{ name: 'all', protocol: 'TCP' }] };
const desired = {
  apiVersion: 'clrk.apoxy.dev/v1alpha1',
  kind: 'EgressGateway',
  metadata: { name: 'out', namespace: 't' },
  spec,
};

interface Entry {
  readonly manager: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly fieldsV1: object;
}

function live(change: {
  readonly spec?: object;
  readonly metadata?: object;
  readonly fields?: readonly Entry[];
}): JsonObject {
  const object = {
    ...desired,
    metadata: { ...desired.metadata, uid: 'u', managedFields: change.fields ?? [], ...change.metadata },
    spec: { ...spec, defaultPolicy: 'deny-all', ...change.spec },
    status: { observedGeneration: -1 },
  };
  return JSON.parse(JSON.stringify(object)) as JsonObject;
}

const policy = (manager: string, operation = 'Apply'): Entry => ({
  manager,
  operation,
  fieldsV1: { 'f:spec': { 'f:defaultPolicy': {} } },
});
const drift = (object: JsonObject, wanted: JsonObject = desired): string[] =>
  driftOf({ desired: wanted, live: object, applied: object, applier: 'clrk-cli' });

describe('S52: a field git lacks is drift, whoever owns it', () => {
  test.each([
    'kubectl',
    'kubectl-client-side-apply',
    'kubectl-edit',
    'argocd-controller',
    'argocd-application-controller',
    'helm-controller',
    'kustomize-controller',
    'kube-controller-manager',
    'clrk-operator-egressgateway',
    'clrk',
  ])('%s', (manager) => {
    expect(drift(live({ spec: { defaultPolicy: 'allow-all' }, fields: [policy(manager)] }))).toEqual([
      `spec.defaultPolicy (set by ${manager})`,
    ]);
  });

  test('nobody, because the list of owners was emptied', () => {
    expect(drift(live({ spec: { defaultPolicy: 'allow-all' } }))).toEqual(['spec.defaultPolicy']);
  });

  test('a label, because the list of owners was emptied', () => {
    expect(drift(live({ metadata: { labels: { tier: 'gold', 'clrk.apoxy.dev/generation': '1' } } }))).toEqual(
      ['metadata.labels.tier'],
    );
  });

  test('an annotation that says nothing was applied excuses nothing', () => {
    const metadata = { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' } };
    const fields = [policy('kubectl-client-side-apply', 'Update')];
    expect(drift(live({ spec: { defaultPolicy: 'allow-all' }, metadata, fields }))).toHaveLength(1);
  });

  test('a label by which routes choose agents', () => {
    const fields = [
      {
        manager: 'kubectl-label',
        operation: 'Update',
        fieldsV1: {
          'f:metadata': { 'f:labels': { '.': {}, 'f:tier': {}, 'f:app.kubernetes.io/instance': {} } },
        },
      },
    ];
    const metadata = { labels: { tier: 'gold', 'app.kubernetes.io/instance': 'x' } };
    expect(drift(live({ metadata, fields }))).toEqual([
      'metadata.labels.tier (set by kubectl-label)',
      expect.stringContaining('app.kubernetes.io/instance'),
    ]);
  });
});

describe('no drift', () => {
  test.each([
    ['defaults of the schema', live({})],
    ['a default that somebody owns', live({ fields: [policy('kubectl-client-side-apply', 'Update')] })],
    [
      'status',
      live({
        fields: [
          { manager: 'clrk-operator', subresource: 'status', fieldsV1: { 'f:status': { 'f:x': {} } } },
        ],
      }),
    ],
    [
      'what tools write on what they apply',
      live({
        metadata: {
          annotations: {
            'argocd.argoproj.io/tracking-id': 'x',
            'kubectl.kubernetes.io/last-applied-configuration': '{}',
          },
          labels: { 'app.kubernetes.io/instance': 'x' },
          finalizers: ['a'],
        },
        fields: [
          {
            manager: 'argocd-controller',
            fieldsV1: {
              'f:metadata': {
                'f:annotations': {
                  'f:argocd.argoproj.io/tracking-id': {},
                  'f:kubectl.kubernetes.io/last-applied-configuration': {},
                },
                'f:labels': { 'f:app.kubernetes.io/instance': {} },
                'f:finalizers': { 'v:"a"': {} },
              },
            },
          },
        ],
      }),
    ],
  ])('%s', (_, object) => {
    expect(drift(object)).toEqual([]);
  });
});

describe('kinds of others', () => {
  const wanted = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd' },
    spec: { replicas: 1 },
  };
  const fields = (operation: string, manager = 'kubectl-client-side-apply'): Entry[] => [
    {
      manager,
      operation,
      fieldsV1: { 'f:spec': { 'f:replicas': {}, 'f:paused': {}, 'f:strategy': { 'f:type': {} } } },
    },
  ];
  const object = (owner: readonly Entry[], applied?: object): JsonObject =>
    JSON.parse(
      JSON.stringify({
        ...wanted,
        metadata: {
          name: 'd',
          managedFields: owner,
          ...(applied === undefined
            ? {}
            : {
                annotations: { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(applied) },
              }),
        },
        spec: { replicas: 1, paused: true, strategy: { type: 'RollingUpdate' } },
      }),
    ) as JsonObject;
  const judge = (live: JsonObject, created?: JsonObject) =>
    driftOf({ desired: wanted, live, applied: live, created, applier: 'clrk-cli' });

  test('what a client-side apply sent and git lacks, without what the server added', () => {
    expect(judge(object(fields('Update'), { spec: { replicas: 1, paused: true } }))).toEqual([
      'spec.paused (set by kubectl-client-side-apply)',
    ]);
  });

  test('what the server would default is none, whoever owns it', () => {
    const created = { ...wanted, spec: { replicas: 1, paused: true, strategy: { type: 'RollingUpdate' } } };
    expect(judge(object(fields('Update', 'kubectl-create')), created)).toEqual([]);
    expect(
      judge(object(fields('Update', 'kubectl-create')), {
        ...wanted,
        spec: { replicas: 1, strategy: { type: 'RollingUpdate' } },
      }),
    ).toEqual(['spec.paused (set by kubectl-create)']);
  });

  test('S52: what the server would not default is drift, whatever an annotation says', () => {
    const created = { ...wanted, spec: { replicas: 1, strategy: { type: 'RollingUpdate' } } };
    expect(judge(object(fields('Update'), { spec: { replicas: 1 } }), created)).toEqual([
      'spec.paused (set by kubectl-client-side-apply)',
    ]);
  });

  test('without a word of the server all of it is told', () => {
    expect(judge(object(fields('Update', 'kubectl-create')))).toHaveLength(2);
  });
});
