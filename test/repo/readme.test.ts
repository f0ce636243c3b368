import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repositoryRoot } from '../../scripts/source-files.ts';
import packageJson from '../../package.json' with { type: 'json' };

const run = promisify(execFile);
const readme = readFileSync(join(repositoryRoot, 'README.md'), 'utf8');
const code = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
// Inside the repository, so that packages resolve as a user's would; build/ is nobody's source.
const folder = join(repositoryRoot, 'build', `readme-${process.pid}`);

describe('README', () => {
  beforeAll(() => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'example.ts'), code);
    const config = { extends: join(repositoryRoot, 'tsconfig.json'), include: ['example.ts'], exclude: [] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  test('its construct is about twelve lines, type-checks, and synthesizes to the kinds it names', async () => {
    const statements = code.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('import'));
    expect(statements.length).toBeLessThanOrEqual(12);
    await run(join(repositoryRoot, 'node_modules/.bin/tsc'), ['--noEmit', '-p', folder]);
    await run(process.execPath, ['--import', 'tsx', join(folder, 'example.ts')], {
      cwd: repositoryRoot,
      env: { ...process.env, CDK8S_OUTDIR: join(folder, 'dist') },
    });
    const yaml = readdirSync(join(folder, 'dist')).map((name) =>
      readFileSync(join(folder, 'dist', name), 'utf8'),
    );
    const kinds = [...yaml.join('\n').matchAll(/^kind: (\w+)$/gm)].map((match) => match[1]);
    expect(new Set(kinds)).toEqual(
      new Set(['WorkerPool', 'EgressGateway', 'AIProviderRoute', 'CredentialInjectionPolicy', 'TaskAgent']),
    );
  });

  test('fits two screens and names the two commands, which exist', () => {
    expect(readme.split('\n').length).toBeLessThanOrEqual(100);
    expect(readme).toContain('    npm start ');
    expect(readme).toContain('    npm test ');
    expect(packageJson.scripts).toMatchObject({ start: 'node bin/start.mjs', test: 'node bin/test.mjs' });
  });

  test('every folder and file it names is there, and every folder of ours is named', () => {
    const named = [...readme.matchAll(/`([a-z]+)\/`/g)].map((match) => match[1] ?? '');
    expect(named.filter((name) => !existsSync(join(repositoryRoot, name)))).toEqual([]);
    const own = readdirSync(repositoryRoot, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map((entry) => entry.name)
      .filter((name) => !['node_modules', 'build', 'coverage'].includes(name));
    expect(own.filter((name) => !named.includes(name))).toEqual([]);
    const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map((match) => match[1] ?? '');
    expect(links.filter((link) => !existsSync(join(repositoryRoot, link)))).toEqual([]);
  });

  test('the licence is the whole Apache License 2.0', () => {
    const licence = readFileSync(join(repositoryRoot, 'LICENSE'), 'utf8');
    expect(licence).toContain('Version 2.0, January 2004');
    expect(licence).toContain('END OF TERMS AND CONDITIONS');
    expect(packageJson.license).toBe('Apache-2.0');
  });
});
