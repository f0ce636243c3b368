/**
 * Every field has somebody who carries it out: fields of the kinds a reader in the operator (or a line in the table of what
 * is not carried out, or a refusal of the schema), fields of the compiled documents a reader in a data plane.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { kinds } from '../../api/index.ts';
import { capabilities } from '../../contract/index.ts';
import { FieldReaders, type FieldReads } from '../../scripts/field-readers.ts';

const root = process.cwd();
let readers: FieldReaders;
// Compiles the whole product once.
beforeAll(() => {
  readers = new FieldReaders(root);
}, 300_000);

/** Parts of a kind that go somewhere whole: into a pod, to the ingress (verifying a token), or to a person's eyes. */
const passedWhole = [
  'TaskAgent.spec.identity.extractors[].jwt.',
  'Approval.spec.request.',
  'EgressGateway.spec.resources.',
  'WorkerPool.spec.template.resources.',
  'WorkerPool.spec.template.env[].',
  'WorkerPool.spec.template.extraVolumeMounts[].',
];

function schemaAt(kind: string, path: string): object | undefined {
  let at: unknown = kinds.find((each) => each.kind === kind)?.spec;
  for (const step of path.split('.').slice(1)) {
    const isList = step.endsWith('[]');
    at = (at as { properties?: Record<string, unknown> }).properties?.[isList ? step.slice(0, -2) : step];
    if (isList) at = (at as { items?: unknown } | undefined)?.items;
    if (at === undefined) return undefined;
  }
  return at as object;
}

function propertiesAt(kind: string, path: string): object {
  const schema: { properties?: object } | undefined = schemaAt(kind, path);
  return schema?.properties ?? {};
}

/** The record that holds the field has a rule of the schema against it. */
function isRefusedBySchema(kind: string, path: string): boolean {
  const [, holder = '', name = ''] = /^(.*)\.([^.]+)$/.exec(path) ?? [];
  const schema: { 'x-kubernetes-validations'?: Array<{ rule: string }> } | undefined = schemaAt(kind, holder);
  const rules = schema?.['x-kubernetes-validations'];
  return rules?.some(({ rule }) => rule === `!has(self.${name})`) === true;
}

/** A line about `x.y` is one about what is below it, and about an `x` that holds nothing else. */
function isInTable(kind: string, path: string): boolean {
  const own = Object.keys(propertiesAt(kind, path));
  return capabilities.some(({ fields }) =>
    fields
      .filter((field) => field.kind === kind)
      .some(
        (field) =>
          path === field.path ||
          ['.', '[]'].some((step) => path.startsWith(`${field.path}${step}`)) ||
          (own.length === 1 && field.path === `${path}.${own[0]}`),
      ),
  );
}

function unread(reads: FieldReads): string[] {
  return [...reads].filter(([, isRead]) => !isRead).map(([path]) => path);
}

test('every field of every kind is carried out, or told in the table', { timeout: 300_000 }, () => {
  const asked = readdirSync('api').flatMap((name) => {
    const kind = /export type (\w+)Spec =/.exec(readFileSync(`api/${name}`, 'utf8'))?.[1];
    return kind === undefined ? [] : [{ file: `api/${name}`, kind }];
  });
  expect(asked.map(({ kind }) => kind).sort()).toEqual(kinds.map(({ kind }) => kind).sort());
  const missing = asked.flatMap(({ file, kind }) =>
    unread(readers.readsOf({ root, file, types: [`${kind}Spec`], folders: ['operator', 'contract'] }))
      .map((path) => path.replace(/^\w+Spec/, 'spec'))
      .filter((path) => !isInTable(kind, path) && !isRefusedBySchema(kind, path))
      .map((path) => `${kind}.${path}`)
      .filter((path) => !passedWhole.some((whole) => path.startsWith(whole))),
  );
  expect(missing).toEqual([]);
});

/** `version` is what the schema of the document compares; the other is for people (`clrk reach`). */
const forOthers = [/\.version$/, /^GatewayConfig\.upstream\.additionalTrustSource$/];

test('every field of a compiled document has a reader in a data plane', { timeout: 300_000 }, () => {
  const folders = ['egress', 'worker', 'oci', 'ingress', 'decision', 'process', 'contract'];
  const documents = [
    ['contract/gateway-config.ts', 'GatewayConfig'],
    ['contract/pool-config.ts', 'PoolConfig'],
    ['contract/ingress-config.ts', 'IngressConfig'],
  ] as const;
  const missing = documents.flatMap(([file, type]) =>
    unread(readers.readsOf({ root, file, types: [type], folders })),
  );
  expect(missing.filter((path) => !forOthers.some((each) => each.test(path)))).toEqual([]);
});

test('a field that nobody reads is found', { timeout: 300_000 }, () => {
  const readsOf = (kind: string, file: string): FieldReads =>
    readers.readsOf({ root, file, types: [`${kind}Spec`], folders: ['operator', 'contract'] });
  expect(readsOf('CLRKConfig', 'api/clrk-config.ts').get('CLRKConfigSpec.notifications')).toBe(false);
  expect(readsOf('TaskAgent', 'api/task-agent.ts').get('TaskAgentSpec.timeout')).toBe(true);
});
