/**
 * Every kind in every state, judged by kstatus (Flux, Helm) and by health.lua (Argo CD): both must say what a person
 * would say. The statuses are those the operator's own code computes.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { customResourceDefinition, kinds } from '../../api/index.ts';
import { setConditions, summaryFindings, type Finding, type Summary } from '../../operator/runtime/index.ts';
import { repositoryRoot } from '../../scripts/source-files.ts';
import { kstatus, type Judged, type KstatusVerdict } from './kstatus.ts';
import { runLua } from './lua.ts';

type Argo = 'Healthy' | 'Progressing' | 'Degraded' | 'Suspended';

const folder = join(repositoryRoot, 'gitops/argocd/resource_customizations/clrk.apoxy.dev/_');
const healthLua = readFileSync(join(folder, 'health.lua'), 'utf8');
const generation = 3;

function statusFor(summary: Summary, observedGeneration = generation, more: readonly Finding[] = []): object {
  const context = { previous: [], generation: observedGeneration, now: 0 };
  return { observedGeneration, conditions: setConditions([...more, ...summaryFindings(summary)], context) };
}

const because = { reason: 'Because', message: 'of a reason' } as const;
const ready: Summary = { state: 'ready', ...because };
const stalled: Summary = { state: 'stalled', ...because };
const refused: Finding = { type: 'Accepted', status: 'False', ...because };

interface State {
  readonly name: string;
  readonly status?: object;
  readonly metadata?: object;
  readonly spec?: object;
  readonly kstatus: KstatusVerdict;
  readonly argo: Argo;
}

const states: readonly State[] = [
  // What the API server stores for a new object: the CRD's default status.
  { name: 'just created', status: { observedGeneration: -1 }, kstatus: 'InProgress', argo: 'Progressing' },
  { name: 'seen', status: statusFor({ state: 'new' }), kstatus: 'InProgress', argo: 'Progressing' },
  {
    name: 'progressing',
    status: statusFor({ state: 'pending', ...because }),
    kstatus: 'InProgress',
    argo: 'Progressing',
  },
  { name: 'ready', status: statusFor(ready), kstatus: 'Current', argo: 'Healthy' },
  {
    name: 'ready, edited since',
    status: statusFor(ready, generation - 1),
    kstatus: 'InProgress',
    argo: 'Progressing',
  },
  { name: 'stalled', status: statusFor(stalled), kstatus: 'Failed', argo: 'Degraded' },
  {
    name: 'stalled, edited since',
    status: statusFor(stalled, generation - 1),
    kstatus: 'InProgress',
    argo: 'Progressing',
  },
  { name: 'refused', status: statusFor(stalled, generation, [refused]), kstatus: 'Failed', argo: 'Degraded' },
  {
    name: 'ready, being deleted',
    status: statusFor(ready),
    metadata: { deletionTimestamp: '2026-11-24T10:00:00Z' },
    kstatus: 'Terminating',
    argo: 'Progressing',
  },
  {
    name: 'stalled, being deleted',
    status: statusFor(stalled),
    metadata: { deletionTimestamp: '2026-11-24T10:00:00Z' },
    kstatus: 'Terminating',
    argo: 'Progressing',
  },
];

const suspended: State = {
  name: 'suspended',
  status: statusFor(ready),
  metadata: { annotations: { 'clrk.apoxy.dev/suspended-replicas': '2' } },
  spec: { replicas: 0 },
  kstatus: 'Current',
  argo: 'Suspended',
};

const table = kinds.flatMap(({ kind }) =>
  [...states, ...(kind === 'WorkerPool' ? [suspended] : [])].map((state) => ({
    ...state,
    object: {
      apiVersion: 'clrk.apoxy.dev/v1alpha1',
      kind,
      metadata: { name: 'x', namespace: 'default', generation, ...state.metadata },
      spec: state.spec ?? {},
      ...(state.status === undefined ? {} : { status: state.status }),
    } as Judged & { readonly kind: string },
  })),
);

test('the table has every kind of the group', () => {
  expect(new Set(table.map(({ object }) => object.kind)).size).toBe(kinds.length);
});

test.each(kinds.map((kind) => [kind.kind, kind] as const))(
  'a new %s is in progress before anyone looked: its definition stores a status for it',
  (_name, kind) => {
    const definition = customResourceDefinition(kind) as {
      spec: {
        versions: { schema: { openAPIV3Schema: { properties: { status?: { default?: unknown } } } } }[];
      };
    };
    for (const { schema } of definition.spec.versions) {
      expect(schema.openAPIV3Schema.properties.status?.default).toEqual({ observedGeneration: -1 });
    }
  },
);

test.each(table)('kstatus: $object.kind, $name: $kstatus', ({ object, kstatus: expected }) => {
  expect(kstatus(object)).toBe(expected);
});

describe('health.lua', () => {
  test('gives every kind in every state its verdict, without Lua’s string library', async () => {
    const verdicts = (await runLua(
      healthLua,
      table.map(({ object }) => object),
    )) as { status: Argo; message?: string }[];
    const said = table.map(({ object, name }, index) => [object.kind, name, verdicts[index]?.status]);
    expect(said).toEqual(table.map(({ object, name, argo }) => [object.kind, name, argo]));
    for (const { message } of verdicts) expect(message).toMatch(/\S/);
  });

  test('knows nothing of an object without status but that it is not healthy', async () => {
    const metadata = { name: 'x', generation: 1 };
    const [none, empty] = await runLua(healthLua, [{ metadata }, { metadata, status: {} }]);
    expect([none, empty]).toMatchObject([{ status: 'Progressing' }, { status: 'Progressing' }]);
  });

  test('health_test.yaml, in the format of Argo CD’s own repository, holds', async () => {
    const { tests } = parse(readFileSync(join(folder, 'health_test.yaml'), 'utf8')) as {
      tests: { healthStatus: { status: Argo; message: string }; inputPath: string }[];
    };
    expect(tests.map(({ inputPath }) => inputPath).toSorted()).toEqual(
      readdirSync(join(folder, 'testdata'))
        .map((name) => `testdata/${name}`)
        .toSorted(),
    );
    const objects = tests.map(
      ({ inputPath }) => parse(readFileSync(join(folder, inputPath), 'utf8')) as object,
    );
    expect(await runLua(healthLua, objects)).toEqual(tests.map(({ healthStatus }) => healthStatus));
  });
});
