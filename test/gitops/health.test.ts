/**
 * Every kind in every state, judged by kstatus (Flux, Helm) and by health.lua (Argo CD): both must say what a person
 * would say. The statuses are those the operator's own code computes.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { customResourceDefinition, kinds } from '../../api/index.ts';
import { repositoryRoot } from '../../scripts/source-files.ts';
import { kstatus } from './kstatus.ts';
import { runLua } from './lua.ts';
import { table, type Argo } from './states.ts';

const folder = join(repositoryRoot, 'gitops/argocd/resource_customizations/clrk.apoxy.dev/_');
const healthLua = readFileSync(join(folder, 'health.lua'), 'utf8');

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
