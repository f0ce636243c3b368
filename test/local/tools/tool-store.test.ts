import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cachedToolPath, checksumIn, namesVersion, provideTool } from '../../../local/tools/tool-store.mjs';
import { testToolTable, toolTable, type Tool } from '../../../local/tools/tool-table.mjs';

const digest = 'a'.repeat(64);

describe('checksumIn', () => {
  it.each([
    ['a list', `${'b'.repeat(64)}  other\n${digest}  tool.tar.gz\n`, digest],
    ['binary mode', `${digest} *tool.tar.gz\n`, digest],
    ['a path', `${digest}  ./tool.tar.gz\n`, digest],
    ['the bare digest', `${digest}\n`, digest],
    ['another file only', `${digest}  other\n`, undefined],
    ['nonsense', '<html>not found</html>', undefined],
    ['a short digest', 'abc  tool.tar.gz', undefined],
  ])('reads %s', (_title, list, expected) => {
    expect(checksumIn(list, 'tool.tar.gz')).toBe(expected);
  });
});

it.each([
  ['Kubernetes v1.34.2', true],
  ['etcd Version: 1.34.2\nGit SHA: x', true],
  ['v1.34.20', false],
  ['v11.34.2', false],
  ['v1.34.3', false],
])('namesVersion(%s) is %s', (text, expected) => {
  expect(namesVersion(text, '1.34.2')).toBe(expected);
});

describe('the table', () => {
  it.each([...toolTable, ...testToolTable].map((tool) => [tool.name, tool] as const))(
    '%s is pinned in its module, with its checksums',
    (_name, tool) => {
      const folder = join(import.meta.dirname, '../../../local/tools/modules', tool.module);
      const sums = readFileSync(join(folder, 'go.sum'), 'utf8');
      const module = readFileSync(join(folder, 'go.mod'), 'utf8');
      expect(sums).toContain('h1:');
      // gVisor's module has a commit's time for a version.
      expect(module.includes(`v${tool.version}`) || module.includes(tool.version.split('.')[0] ?? '')).toBe(
        true,
      );
      for (const arch of ['amd64', 'arm64']) expect(tool.download(arch).url).toMatch(/^https:\/\/.*/);
    },
  );
});

describe('provideTool', () => {
  let folder = '';
  const path = process.env['PATH'];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'clrk-tool-'));
  });
  afterEach(() => {
    process.env['PATH'] = path;
    rmSync(folder, { recursive: true, force: true });
  });
  const tool: Tool = {
    name: 'clrk-test-tool',
    version: '1.2.3',
    versionArgs: ['--version'],
    module: 'etcd',
    goPackage: 'example.invalid/nothing',
    ldflags: '',
    // Nothing listens on this port: the download must fail fast and the build be tried.
    download: () => ({ url: 'https://127.0.0.1:1/tool', sum: 'https://127.0.0.1:1/sum', sumKind: 'sha256' }),
  };
  function program(at: string, version: string): void {
    mkdirSync(join(at, '..'), { recursive: true });
    writeFileSync(at, `#!/bin/sh\necho ${version}\n`);
    chmodSync(at, 0o755);
  }

  it('takes one in PATH only in its version', async () => {
    program(join(folder, 'bin', tool.name), 'v1.2.3');
    process.env['PATH'] = `${join(folder, 'bin')}:${path ?? ''}`;
    await expect(provideTool(tool, { cacheRoot: folder })).resolves.toMatchObject({ from: 'path' });
    program(join(folder, 'bin', tool.name), 'v1.2.4');
    program(cachedToolPath(tool, folder), 'v1.2.3');
    await expect(provideTool(tool, { cacheRoot: folder })).resolves.toMatchObject({ from: 'cache' });
  });

  it('keeps nothing when download and build fail, and says what it tried', async () => {
    const steps: string[] = [];
    await expect(
      provideTool(tool, { cacheRoot: folder, onStep: (step) => steps.push(step) }),
    ).rejects.toThrow('go build failed');
    expect(steps[0]).toBe('downloading');
    expect(existsSync(cachedToolPath(tool, folder))).toBe(false);
  });
});
