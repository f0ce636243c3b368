/**
 * Argo CD's own health code over the script this repository ships: every kind in every state of health_test.yaml (the
 * format of Argo's own repository) gets the verdict that file expects, without Lua's standard libraries, as argocd-cm
 * runs it.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { repositoryRoot } from '../../../local/root.ts';
import { proofTool } from '../cluster/proof-tools.ts';
import { mustRun } from '../cluster/run-tool.ts';

const group = 'clrk.apoxy.dev';
const folder = join(repositoryRoot, 'gitops/argocd/resource_customizations', group, '_');
const script = join(folder, 'health.lua');

interface Expected {
  readonly inputPath: string;
  readonly healthStatus: { readonly status: string; readonly message?: string };
}
interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

const { tests } = parse(readFileSync(join(folder, 'health_test.yaml'), 'utf8')) as {
  readonly tests: readonly Expected[];
};
const kinds = readdirSync(join(repositoryRoot, 'crds'))
  .filter((name) => name.startsWith(`${group}_`))
  .map((name) => parse(readFileSync(join(repositoryRoot, 'crds', name), 'utf8')) as Definition)
  .map(({ spec }) => spec.names.kind);
interface Definition {
  readonly spec: { readonly names: { readonly kind: string } };
}

const cases = kinds.flatMap((kind) => tests.map((each, index) => ({ kind, ...each, name: `case-${index}` })));
const verdicts = new Map<string, string>();
const work = mkdtempSync(join(tmpdir(), 'clrk-argo-health-'));

beforeAll(async () => {
  const tool = proofTool('gitops.sh');
  if (tool === undefined) throw new Error('no gitops.sh: set CLRK_PROOF_TOOLS to its folder');
  const built = join(process.env['WORK'] ?? join(homedir(), '.cache/gitops-proof'), 'bin/argohealth');
  if (!existsSync(built)) await mustRun(tool, ['build'], { timeoutMs: 60 * 60_000 });
  const objects = cases.map(({ kind, inputPath, name }) => {
    const state = parse(readFileSync(join(folder, inputPath), 'utf8')) as Manifest;
    return { ...state, kind, metadata: { ...state.metadata, name } };
  });
  writeFileSync(join(work, 'objects.yaml'), objects.map((each) => `---\n${stringify(each)}`).join(''));
  const said = await mustRun(tool, ['argo-health', script, join(work, 'objects.yaml')]);
  for (const line of said.trim().split('\n')) {
    const [status = '', object = '', message = ''] = line.split('\t');
    verdicts.set(object, `${status}: ${message}`);
  }
}, 65 * 60_000);
afterAll(() => rmSync(work, { recursive: true, force: true }));

test('every kind of the group and more than one verdict are in the table', () => {
  expect(kinds.length).toBeGreaterThanOrEqual(8);
  const states = new Set(tests.map(({ healthStatus }) => healthStatus.status));
  expect([...states].sort()).toEqual(['Degraded', 'Healthy', 'Progressing', 'Suspended']);
  expect(verdicts.size).toBe(cases.length);
});

describe.each(kinds)('%s', (kind) => {
  test.each(tests)('$inputPath is $healthStatus.status', ({ inputPath, healthStatus }) => {
    const { name } = cases.find((each) => each.kind === kind && each.inputPath === inputPath) ?? { name: '' };
    // Argo CD answers by itself, with its own words, for what is being deleted.
    const message = inputPath.endsWith('/deleting.yaml') ? 'Pending deletion' : healthStatus.message;
    expect(verdicts.get(`${kind}/${name}`)).toBe(`${healthStatus.status}: ${message ?? ''}`);
  });
});
