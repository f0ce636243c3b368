/**
 * What a person gets: both packages packed, a project made by `clrk init`, installed from the tarballs in a folder far
 * from this clone, tested, synthesized and validated there. Nothing of this clone is in reach.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repositoryRoot } from '../../scripts/source-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'clrk-packages-'));
const project = join(folder, 'my-agents');
const installed = (...path: string[]): string => join(project, 'node_modules', ...path);

// A registry that is slow must not fail a test that is about something else.
const minutes = 60_000;

interface Ran {
  readonly code: number;
  readonly output: string;
}

const execute = promisify(execFile);

async function run(command: string, args: readonly string[], cwd = project): Promise<Ran> {
  // What vitest and CI set is not on a consumer's machine.
  const { CI: _ci, NODE_OPTIONS: _options, VITEST: _vitest, ...env } = process.env;
  try {
    const { stdout, stderr } = await execute(command, args, { cwd, env, maxBuffer: 64 * 1024 * 1024 });
    return { code: 0, output: stdout + stderr };
  } catch (thrown) {
    const { code, stdout = '', stderr = '' } = thrown as { code: number; stdout?: string; stderr?: string };
    return { code, output: stdout + stderr };
  }
}

async function must(command: string, args: readonly string[], cwd?: string): Promise<string> {
  const { code, output } = await run(command, args, cwd);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${output}`);
  return output;
}

function manifests(): Record<string, string> {
  const dist = join(project, 'dist');
  const paths = readdirSync(dist, { recursive: true, encoding: 'utf8' });
  const yaml = paths.filter((each) => each.endsWith('.yaml')).toSorted();
  return Object.fromEntries(yaml.map((path) => [path, readFileSync(join(dist, path), 'utf8')]));
}

interface PackedManifest {
  readonly exports?: Record<string, string | Record<string, string>>;
  readonly bin?: Record<string, string>;
}

function manifestOf(...name: string[]): PackedManifest {
  return JSON.parse(readFileSync(installed(...name, 'package.json'), 'utf8')) as PackedManifest;
}

beforeAll(async () => {
  await must('npm', ['run', '--silent', 'pack', '--', folder], repositoryRoot);
  const tarball = (name: RegExp): string =>
    join(folder, readdirSync(folder).find((each) => name.test(each)) ?? 'missing');
  const tarballs = ['--constructs', tarball(/^clrk-constructs-/), '--clrk', tarball(/^clrk-\d/)];
  const clrk = ['--import', 'tsx', 'cli/main.ts'];
  await must(process.execPath, [...clrk, 'init', project, ...tarballs], repositoryRoot);
  await must('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error']);
}, 10 * minutes);

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('the packages', () => {
  test('install without native parts, and run no script', () => {
    expect(['koffi', 'chdb', '@chdb'].filter((name) => existsSync(installed(name)))).toEqual([]);
    for (const name of [['@clrk', 'constructs'], ['clrk']]) {
      expect(manifestOf(...name)).not.toHaveProperty('scripts');
      expect(manifestOf(...name)).not.toHaveProperty('dependencies');
    }
  });

  test('have what their manifests name, types first', () => {
    const { exports = {} } = manifestOf('@clrk', 'constructs');
    expect(Object.keys(exports['.'] ?? {})).toEqual(['types', 'default']);
    const named = Object.values(exports).flatMap((each) =>
      typeof each === 'string' ? [each] : Object.values(each),
    );
    for (const path of named) expect(existsSync(installed('@clrk', 'constructs', path))).toBe(true);
    const { bin = {} } = manifestOf('clrk');
    expect(statSync(installed('clrk', bin['clrk'] ?? 'missing')).mode & 0o111).not.toBe(0);
  });

  test('show types that are whole, without those of the platform', () => {
    const entry = installed('@clrk', 'constructs', 'lib', 'index.d.ts');
    const options = {
      module: ts.ModuleKind.NodeNext,
      target: ts.ScriptTarget.ES2023,
      strict: true,
      types: [],
    };
    const program = ts.createProgram([entry], options);
    const own = program.getSourceFiles().filter(({ fileName }) => fileName.includes('@clrk/constructs/'));
    expect(own.length).toBeGreaterThan(30);
    const problems = own.flatMap((file) => program.getSemanticDiagnostics(file));
    expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
    const clone = program
      .getSourceFiles()
      .filter(
        ({ fileName }) =>
          fileName.startsWith(repositoryRoot) && !fileName.includes('/node_modules/typescript/'),
      );
    expect(clone.map(({ fileName }) => fileName)).toEqual([]);
  });

  test('the program starts, and a command that needs more says what', async () => {
    expect(await must('npx', ['clrk', 'version', '--client'])).toContain('Client: ');
    const { code, output } = await run('npx', ['clrk', 'worker']);
    expect(code).not.toBe(0);
    expect(output).toContain('npm install --save-dev koffi@');
  });
});

describe('the project', () => {
  test(
    'tests, synthesizes the same bytes twice, and validates',
    async () => {
      expect(await must('npm', ['test'])).toContain('3 passed');
      await must('npx', ['cdk8s', 'synth', '--check-upgrade=false']);
      const first = manifests();
      expect(Object.keys(first)).toContain('hello/TaskAgent.hello.k8s.yaml');
      await must('npm', ['run', 'synth']);
      expect(manifests()).toEqual(first);
      await must('npx', ['clrk', 'validate', 'dist/']);
    },
    5 * minutes,
  );
});
