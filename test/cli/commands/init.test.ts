import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { runInit } from '../../../cli/commands/init.ts';
import packageJson from '../../../package.json' with { type: 'json' };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clrk-init-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function init(target: string, options: Parameters<typeof runInit>[2] = {}): Promise<string> {
  const stdout = new PassThrough();
  await runInit({ stdout }, target, options);
  return String(stdout.read());
}

describe('clrk init', () => {
  test('writes a project that pins what this program was tested with', async () => {
    const project = join(folder, 'my-agents');
    expect(await init(project)).toContain(`project/my-agents created in ${project}`);
    const manifest = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as {
      name: string;
      dependencies: Record<string, string>;
      devDependencies: Record<string, string>;
    };
    expect(manifest.name).toBe('my-agents');
    expect(manifest.dependencies).toEqual({
      '@clrk/constructs': packageJson.version,
      cdk8s: packageJson.dependencies.cdk8s,
      constructs: packageJson.dependencies.constructs,
    });
    for (const version of Object.values({ ...manifest.dependencies, ...manifest.devDependencies })) {
      expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    }
  });

  test('takes tarballs instead, wherever it is called from', async () => {
    await init(join(folder, 'a'), { constructs: 'x.tgz', clrk: '/tmp/y.tgz' });
    const text = readFileSync(join(folder, 'a', 'package.json'), 'utf8');
    expect(text).toContain(`"@clrk/constructs": "file:${join(process.cwd(), 'x.tgz')}"`);
    expect(text).toContain('"clrk": "file:/tmp/y.tgz"');
  });

  test('its pipeline compares, tests, synthesizes, validates and tells the change of reach; what runs code may only read', async () => {
    await init(join(folder, 'a'));
    interface Job {
      readonly permissions: unknown;
      readonly steps: { readonly run?: string; readonly name?: string }[];
    }
    const pipeline = parse(readFileSync(join(folder, 'a/.github/workflows/ci.yaml'), 'utf8')) as {
      permissions: unknown;
      jobs: { check: Job; comment: Job };
    };
    const { check, comment } = pipeline.jobs;
    expect([pipeline.permissions, check.permissions]).toEqual([{ contents: 'read' }, { contents: 'read' }]);
    expect(check.steps.flatMap(({ run, name }) => (run === undefined ? [] : (name ?? '')))).toEqual([
      'install',
      'drift',
      'test',
      'synth',
      'committed',
      'validate',
      'boundary',
      'reach',
    ]);
    // The job that may write runs nothing that comes from the pull request.
    expect(comment.permissions).toEqual({ 'pull-requests': 'write' });
    expect(comment.steps.map(({ run = '' }) => run).join()).not.toMatch(/npm|npx|node/);
  });

  test('a project on GitLab has its jobs instead, with the same steps', async () => {
    await init(join(folder, 'a'), { ci: 'gitlab' });
    const jobs = parse(readFileSync(join(folder, 'a/.gitlab-ci.yml'), 'utf8')) as Record<
      string,
      { readonly script: readonly string[] }
    >;
    const steps = jobs['clrk-validate']?.script.join('\n') ?? '';
    const order = ['drift --no-cluster', 'npm test', 'cdk8s synth', 'git diff --exit-code', 'validate'];
    expect(order.map((each) => steps.indexOf(each))).toEqual(
      order.map((each) => steps.indexOf(each)).sort((a, b) => a - b),
    );
    for (const each of order) expect(steps).toContain(each);
    expect(jobs['clrk-reach']?.script.join('\n')).toContain('reach');
    const written = readdirSync(join(folder, 'a'), { recursive: true, encoding: 'utf8' });
    expect(written).not.toContain('.github');
    expect(readFileSync(join(folder, 'a/README.md'), 'utf8')).toContain('.gitlab-ci.yml');
    await expect(init(join(folder, 'b'), { ci: 'svn' })).rejects.toMatchObject({ code: 'USAGE' });
  });

  test('an empty folder is as good as a new one', async () => {
    await init(folder, { name: 'agents' });
    expect(readdirSync(folder)).toContain('cdk8s.yaml');
  });

  test.each([
    ['FOLDER_NOT_EMPTY', 'full'],
    ['FOLDER_UNREADABLE', 'full/file'],
    ['USAGE', 'My Agents'],
  ])('%s: nothing is written', async (code, target) => {
    mkdirSync(join(folder, 'full'));
    writeFileSync(join(folder, 'full/file'), 'mine');
    await expect(init(join(folder, target))).rejects.toMatchObject({ code });
    expect(new Set(readdirSync(folder, { recursive: true, encoding: 'utf8' }))).toEqual(
      new Set(['full', 'full/file']),
    );
    expect(statSync(join(folder, 'full/file')).size).toBe(4);
  });
});
