/** `.ci/run` itself, on a worktree of this repository: it must see a generated file that is not what the sources say. */
import { execFile, type ExecFileException } from 'node:child_process';
import { appendFile, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { repositoryRoot } from '../../scripts/source-files.ts';

let folder = '';
let tree = '';
let commit = '';

function run(file: string, args: readonly string[], cwd: string): Promise<{ code: number; stdout: string }> {
  return new Promise((resolve) => {
    const options = { cwd, maxBuffer: 16 * 1024 * 1024 };
    execFile(file, [...args], options, (error: ExecFileException | null, stdout) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout }),
    );
  });
}

const git = (...words: readonly string[]): Promise<{ code: number; stdout: string }> =>
  run('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.invalid', ...words], tree);

async function check(): Promise<{ readonly code: number; readonly last: string; readonly failed: string }> {
  const { code, stdout } = await run('.ci/run', ['generated'], tree);
  const lines = stdout.trimEnd().split('\n');
  const failed = lines.find((line) => line.startsWith('failed steps: ')) ?? '';
  return { code, last: lines.at(-1) ?? '', failed: failed.replace('failed steps: ', '') };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clrk-ci-'));
  tree = join(folder, 'tree');
  await run('git', ['worktree', 'add', '--detach', tree, 'HEAD'], repositoryRoot);
  commit = (await git('rev-parse', 'HEAD')).stdout.trim();
  await symlink(join(repositoryRoot, 'node_modules'), join(tree, 'node_modules'));
});
beforeEach(async () => {
  await git('checkout', '-q', '--force', '--detach', commit);
  await git('clean', '-qfd', '--', 'dist', 'crds');
});
afterAll(async () => {
  await run('git', ['worktree', 'remove', '--force', tree], repositoryRoot);
  await rm(folder, { recursive: true, force: true });
});

test('what is committed is what the sources say', async () => {
  expect(await check()).toEqual({ code: 0, last: '0 passed, 0 failed', failed: '' });
}, 300_000);

test('a stale dist/ and a stale crds/ fail it, whichever is committed', async () => {
  await appendFile(join(tree, 'dist/platform/Service.clrk-ingress.k8s.yaml'), '# by hand\n');
  await appendFile(join(tree, 'crds/clrk.apoxy.dev_taskagents.yaml'), '# by hand\n');
  await git('commit', '-qam', 'stale');
  expect(await check()).toEqual({ code: 1, last: '0 passed, 1 failed', failed: 'committed' });
}, 300_000);

test('a file that the sources make and nobody committed fails it', async () => {
  await git('rm', '-q', 'dist/platform/Service.clrk-ingress.k8s.yaml');
  await git('commit', '-qam', 'not there');
  expect(await check()).toEqual({ code: 1, last: '0 passed, 1 failed', failed: 'nothing-new' });
}, 300_000);
