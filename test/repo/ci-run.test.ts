/** `.ci/run` itself, on a worktree of this repository: it must see a generated file that is not what the sources say. */
import { execFile, type ExecFileException } from 'node:child_process';
import { appendFile, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { repositoryRoot } from '../../scripts/source-files.ts';

let folder = '';
let tree = '';

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
  await symlink(join(repositoryRoot, 'node_modules'), join(tree, 'node_modules'));
});
afterAll(async () => {
  await run('git', ['worktree', 'remove', '--force', tree], repositoryRoot);
  await rm(folder, { recursive: true, force: true });
});

// That it is content with what is as it should be, every run of CI shows.
test('a stale dist/, a stale crds/ and a file nobody committed fail it', async () => {
  await appendFile(join(tree, 'dist/platform/Service.clrk-ingress.k8s.yaml'), '# by hand\n');
  await appendFile(join(tree, 'crds/clrk.apoxy.dev_taskagents.yaml'), '# by hand\n');
  await git('rm', '-q', 'dist/platform/Service.clrk-telemetry.k8s.yaml');
  await git('commit', '-qam', 'not as the sources say');
  const failed = 'committed nothing-new';
  expect(await check()).toEqual({ code: 1, last: '0 passed, 2 failed', failed });
}, 600_000);
