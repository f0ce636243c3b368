/** `clrk/testing` as it is installed: in vitest itself, as jest loads it, and with types for old and new resolvers. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleOptions } from '../../../bin/bundle.mjs';
import { agentFiles } from '../../../cli/init/agent-files.ts';
import { stageConstructs } from '../../../scripts/pack-constructs.ts';
import { stageTesting, testingExports } from '../../../scripts/pack-testing.ts';
import { repositoryRoot } from '../../../scripts/source-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'clrk-testing-'));
const installed = (...path: string[]): string => join(folder, 'node_modules', ...path);

beforeAll(async () => {
  mkdirSync(installed('@clrk'), { recursive: true });
  await stageTesting(installed('clrk'), bundleOptions);
  const manifest = { name: 'clrk', version: '0.0.0', type: 'module', exports: testingExports };
  writeFileSync(installed('clrk', 'package.json'), JSON.stringify(manifest));
  stageConstructs(installed('@clrk', 'constructs'));
  for (const name of ['cdk8s', 'constructs', 'vitest', 'vite', '@types']) {
    symlinkSync(join(repositoryRoot, 'node_modules', name), installed(name));
  }
}, 300_000);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function project(name: string, type: 'module' | 'commonjs', files: Readonly<Record<string, string>>): string {
  const path = join(folder, name);
  mkdirSync(join(path, 'apps'), { recursive: true });
  mkdirSync(join(path, 'test'));
  writeFileSync(join(path, 'package.json'), JSON.stringify({ name, type }));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  return path;
}

interface Ran {
  readonly code: number;
  readonly output: string;
}

function run(path: string, args: readonly string[]): Ran {
  const { VITEST: _vitest, ...env } = process.env;
  try {
    // A failure that is wanted must not stand in the output of this run as one.
    const options = { cwd: path, env, encoding: 'utf8', stdio: 'pipe' } as const;
    return { code: 0, output: execFileSync(process.execPath, args, options) };
  } catch (thrown) {
    const { status, stdout, stderr } = thrown as { status: number; stdout: string; stderr: string };
    return { code: status, output: stdout + stderr };
  }
}

const vitest = ['../node_modules/vitest/vitest.mjs', 'run', '--no-color'];

describe('in vitest', () => {
  test("the test of a new project passes, and fails when the agent's reach is another", () => {
    const path = project('fresh', 'module', agentFiles);
    const passed = run(path, vitest);
    expect(passed.output).toContain('3 passed');
    expect(passed.code).toBe(0);
    const opened = agentFiles['apps/agents.ts'].replace(
      '    providers:',
      "    hosts: ['api.github.com'],\n    providers:",
    );
    writeFileSync(join(path, 'apps/agents.ts'), opened);
    const failed = run(path, vitest);
    expect(failed.output).toContain('+ api.github.com:443');
    expect(failed.code).toBe(1);
  });
});

describe('in jest', () => {
  test('it is required without a module loader, and extends the global expect', () => {
    const text = `
      const extended = {};
      globalThis.expect = { extend: (matchers) => Object.assign(extended, matchers) };
      require('clrk/testing/jest');
      const { reach } = require('clrk/testing');
      const { Testing } = require('cdk8s');
      const { AgentStack } = require('@clrk/constructs');
      const stack = new AgentStack(Testing.app(), 'hello', { image: 'r/a:1', hosts: ['api.github.com'] });
      console.log(extended.toReachOnly(reach(stack), ['api.github.com:443']).pass);`;
    expect(run(project('as-jest', 'commonjs', { 'main.js': text }), ['main.js'])).toEqual({
      code: 0,
      output: 'true\n',
    });
  });
});

const program = `
import { App } from 'cdk8s';
import { AgentStack } from '@clrk/constructs';
import { reach, reachMatchers, type Reach } from 'clrk/testing';
const reached: Reach = reach(new AgentStack(new App(), 'a', { image: 'r/a:1' }));
export const passes: boolean = reachMatchers.toReachOnly(reached, []).pass;
`;

describe('its types', () => {
  const { CommonJS, Node16, NodeNext, ESNext } = ts.ModuleKind;
  const { Node10, Bundler } = ts.ModuleResolutionKind;
  test.each<[string, 'module' | 'commonjs', ts.CompilerOptions]>([
    ['node10', 'commonjs', { module: CommonJS, moduleResolution: Node10 }],
    ['node16 CommonJS', 'commonjs', { module: Node16 }],
    ['nodenext', 'module', { module: NodeNext }],
    ['bundler', 'module', { module: ESNext, moduleResolution: Bundler }],
  ])('are found with %s', (name, type, options) => {
    const path = project(name.replaceAll(' ', '-'), type, { 'main.ts': program });
    const base = {
      strict: true,
      noEmit: true,
      types: [],
      lib: ['lib.es2022.d.ts'],
      ignoreDeprecations: '6.0',
    };
    const built = ts.createProgram([join(path, 'main.ts')], {
      ...base,
      target: ts.ScriptTarget.ES2022,
      ...options,
    });
    const own = built
      .getSourceFiles()
      .filter(({ fileName }) => /main\.ts$|node_modules.clrk.testing/.test(fileName));
    expect(own.length).toBe(4);
    const found = own.flatMap((each) => [...built.getSemanticDiagnostics(each)]);
    expect(found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
  });

  test('know the matcher of vitest', () => {
    const path = join(folder, 'fresh');
    writeFileSync(join(path, 'apps/agents.ts'), agentFiles['apps/agents.ts']);
    const options = {
      ...{ target: ts.ScriptTarget.ES2023, module: NodeNext, types: ['node'], noEmit: true, strict: true },
      ...{ allowImportingTsExtensions: true, skipLibCheck: true, verbatimModuleSyntax: true },
    };
    const file = join(path, 'test/agents.test.ts');
    const built = ts.createProgram([file], options);
    const found = built.getSemanticDiagnostics(built.getSourceFile(file));
    expect(found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
  });
});
