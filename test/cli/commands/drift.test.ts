/** `clrk drift --no-cluster`: the committed output against what the project's own program writes now. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCommandLine } from '../command-line.ts';

const home = process.cwd();
let project: string;

const program = `import { writeFileSync } from 'node:fs';
writeFileSync(process.env.CDK8S_OUTDIR + '/a.yaml', 'a: 1\\n');
writeFileSync(process.env.CDK8S_OUTDIR + '/clrk-sources.json', String(process.hrtime.bigint()));
`;

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'clrk-drift-test-'));
  process.chdir(project);
  writeFileSync('cdk8s.yaml', `language: typescript\napp: ${process.execPath} synth.mjs\noutput: out\n`);
  writeFileSync('synth.mjs', program);
  mkdirSync('out');
  writeFileSync('out/a.yaml', 'a: 1\n');
});

afterEach(() => {
  process.chdir(home);
  rmSync(project, { recursive: true });
});

const drift = (...args: string[]) => runCommandLine(['drift', '--no-cluster', ...args]);

test('none', async () => {
  expect(await drift()).toEqual({ code: 0, stdout: 'no drift\n', stderr: '' });
});

test('stale, missing and left over are 2, and git is left as it was', async () => {
  writeFileSync('out/a.yaml', 'a: 2\n');
  writeFileSync('out/gone.yaml', '');
  const { code, stdout } = await drift('-o', 'json');
  expect(code).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({
    drift: 2,
    synth: [
      { path: 'a.yaml', change: 'stale' },
      { path: 'gone.yaml', change: 'left over' },
    ],
  });
  rmSync('out', { recursive: true });
  const without = await drift();
  expect(without.code).toBe(2);
  expect(without.stdout).toContain('out/a.yaml: missing');
});

test('a program that fails is 3, with its own words', async () => {
  writeFileSync('synth.mjs', `throw new Error('no such thing');`);
  const { code, stdout, stderr } = await drift();
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  expect(stderr).toMatch(/synth failed .*no such thing \(SYNTH_FAILED\)/);
});

test('no project here is 3', async () => {
  rmSync('cdk8s.yaml');
  expect((await drift()).code).toBe(3);
});
