/**
 * Argo CD's own health code over the script this repository ships: every kind in every state gets the verdict that the
 * table of test/gitops expects, and health_test.yaml (the format of Argo's own repository) its messages, without Lua's
 * standard libraries, as argocd-cm runs it.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { repositoryRoot } from '../../../local/root.ts';
import { table } from '../../gitops/states.ts';
import { proofTool } from '../cluster/proof-tools.ts';
import { mustRun } from '../cluster/run-tool.ts';

const folder = join(repositoryRoot, 'gitops/argocd/resource_customizations/clrk.apoxy.dev/_');

interface Expected {
  readonly inputPath: string;
  readonly healthStatus: { readonly status: string; readonly message: string };
}
const { tests } = parse(readFileSync(join(folder, 'health_test.yaml'), 'utf8')) as {
  readonly tests: readonly Expected[];
};

interface Named {
  readonly kind: string;
  readonly metadata: object;
}
const fromTable = table.map(({ object, name, argo }, index) => ({
  title: `${object.kind}, ${name}`,
  object: object as Named,
  id: `table-${index}`,
  argo,
}));
const fromFiles = tests.map(({ inputPath, healthStatus }, index) => ({
  title: inputPath,
  object: parse(readFileSync(join(folder, inputPath), 'utf8')) as Named,
  id: `file-${index}`,
  // Argo CD answers by itself, with its own words, for what is being deleted.
  said: `${healthStatus.status}: ${inputPath.endsWith('/deleting.yaml') ? 'Pending deletion' : healthStatus.message}`,
}));
const verdicts = new Map<string, string>();
const work = mkdtempSync(join(tmpdir(), 'clrk-argo-health-'));

beforeAll(async () => {
  const tool = proofTool('gitops.sh');
  if (tool === undefined) throw new Error('no gitops.sh: set CLRK_PROOF_TOOLS to its folder');
  const built = join(process.env['WORK'] ?? join(homedir(), '.cache/gitops-proof'), 'bin/argohealth');
  if (!existsSync(built)) await mustRun(tool, ['build'], { timeoutMs: 60 * 60_000 });
  const objects = [...fromTable, ...fromFiles].map(({ object, id }) => ({
    ...object,
    metadata: { ...object.metadata, name: id },
  }));
  writeFileSync(join(work, 'objects.yaml'), objects.map((each) => `---\n${stringify(each)}`).join(''));
  const said = await mustRun(tool, ['argo-health', join(folder, 'health.lua'), join(work, 'objects.yaml')]);
  for (const line of said.trim().split('\n')) {
    const [status = '', object = '', message = ''] = line.split('\t');
    verdicts.set(object.split('/').at(-1) ?? '', `${status}: ${message}`);
  }
}, 65 * 60_000);
afterAll(() => rmSync(work, { recursive: true, force: true }));

test('Argo CD judged all of them', () => {
  expect(verdicts.size).toBe(fromTable.length + fromFiles.length);
});

test.each(fromTable)('$title: $argo', ({ id, argo }) => {
  expect(verdicts.get(id)?.split(': ')[0]).toBe(argo);
});

test.each(fromFiles)('$title: $said', ({ id, said }) => {
  expect(verdicts.get(id)).toBe(said);
});
