/** @clrk/constructs as it is installed, in the projects people have: old and new resolvers, modules and CommonJS. */
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as constructs from '../../constructs/index.ts';
import { stageConstructs } from '../../scripts/pack-constructs.ts';
import { repositoryRoot } from '../../scripts/source-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'clrk-constructs-'));

const program = `
import { App } from 'cdk8s';
import { AgentStack, Credential, EgressGateway, Tools, type AgentStackProps } from '@clrk/constructs';

declare const console: { log(text: string): void };
const props: AgentStackProps = { image: 'r/a:1', namespace: 'agents', hosts: ['api.github.com'] };
const stack = new AgentStack(new App(), 'hello', props);
stack.gateway.allowProvider('openai', { models: ['gpt-4o*'], credential: Credential.bearer({ name: 'k' }) });
stack.gateway.allowMcp('mcp.github.com', { tools: Tools.allow('get_*') });
const isGateway: boolean = stack.gateway instanceof EgressGateway;
console.log(JSON.stringify([stack.toJson().length, isGateway]));
`;

beforeAll(() => {
  const staging = join(folder, 'staging');
  stageConstructs(staging);
  const pack = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder];
  const tarball = execFileSync('npm', pack, { cwd: staging, encoding: 'utf8' }).trim();
  const own = join(folder, 'node_modules/@clrk/constructs');
  mkdirSync(own, { recursive: true });
  execFileSync('tar', ['-xzf', join(folder, tarball), '-C', own, '--strip-components=1']);
  for (const name of ['cdk8s', 'constructs']) {
    symlinkSync(join(repositoryRoot, 'node_modules', name), join(folder, 'node_modules', name));
  }
}, 240_000);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A project of its own beside the packages, with the kind of module its package.json says. */
function project(name: string, type: 'module' | 'commonjs'): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'package.json'), JSON.stringify({ name, type }));
  return path;
}

function compile(path: string, options: ts.CompilerOptions): string[] {
  const file = join(path, 'main.ts');
  writeFileSync(file, program);
  const built = ts.createProgram([file], {
    target: ts.ScriptTarget.ES2022,
    strict: true,
    types: [],
    lib: ['lib.es2022.d.ts'],
    // So that whatever an old project may say is as good as what a new one does.
    ignoreDeprecations: '6.0',
    outDir: path,
    ...options,
  });
  built.emit();
  const own = built.getSourceFiles().filter(({ fileName }) => /main\.ts$|@clrk.constructs/.test(fileName));
  expect(own.length).toBeGreaterThan(30);
  const found = [
    ...built.getOptionsDiagnostics(),
    ...own.flatMap((each) => [...built.getSyntacticDiagnostics(each), ...built.getSemanticDiagnostics(each)]),
  ];
  return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

const run = (path: string, file = 'main.js'): unknown =>
  JSON.parse(execFileSync(process.execPath, [file], { cwd: path, encoding: 'utf8', env: {} }));

const { CommonJS, Node16, NodeNext, ESNext } = ts.ModuleKind;
const { Node10, Bundler } = ts.ModuleResolutionKind;

describe('a project with', () => {
  test.each<[string, 'module' | 'commonjs', ts.CompilerOptions]>([
    ['moduleResolution node10', 'commonjs', { module: CommonJS, moduleResolution: Node10 }],
    ['node16, CommonJS', 'commonjs', { module: Node16 }],
    ['node16, modules', 'module', { module: Node16 }],
    ['nodenext, CommonJS', 'commonjs', { module: NodeNext }],
    ['nodenext, modules', 'module', { module: NodeNext }],
    ['bundler', 'module', { module: ESNext, moduleResolution: Bundler }],
  ])('%s compiles and runs', (name, type, options) => {
    const path = project(name.replaceAll(/\W+/g, '-'), type);
    expect(compile(path, options)).toEqual([]);
    expect(run(path)).toEqual([7, true]);
  });

  test('plain CommonJS requires it without a warning, and every name is there', () => {
    const path = project('plain', 'commonjs');
    const text = "console.log(JSON.stringify(Object.keys(require('@clrk/constructs')).sort()))";
    writeFileSync(join(path, 'main.js'), text);
    expect(run(path)).toEqual(Object.keys(constructs).toSorted());
  });

  test('plain modules import every name, of the same classes as require has', () => {
    const path = project('plain-modules', 'module');
    const text = `import * as all from '@clrk/constructs';
      import { createRequire } from 'node:module';
      const same = createRequire(import.meta.url)('@clrk/constructs').Port === all.Port;
      const names = Object.keys(all).filter((each) => !/^(default|module.exports|__esModule)$/.test(each));
      console.log(JSON.stringify([same, ...names.sort()]));`;
    writeFileSync(join(path, 'main.js'), text);
    expect(run(path)).toEqual([true, ...Object.keys(constructs).toSorted()]);
  });
});

describe('the package', () => {
  test('needs no loader for modules anywhere', () => {
    const library = join(folder, 'node_modules/@clrk/constructs/lib');
    const files = readdirSync(library).filter((name) => name.endsWith('.js'));
    expect(files.length).toBeGreaterThan(30);
    const modern = files.filter((name) =>
      /^(import|export) |import\.meta|\bimport\(/m.test(readFileSync(join(library, name), 'utf8')),
    );
    expect(modern).toEqual([]);
  });

  test('says where it is in every way a resolver asks', () => {
    const text = readFileSync(join(folder, 'node_modules/@clrk/constructs/package.json'), 'utf8');
    expect(JSON.parse(text)).toMatchObject({
      type: 'commonjs',
      main: './lib/index.js',
      types: './lib/index.d.ts',
      exports: { '.': { types: './lib/index.d.ts', default: './lib/index.js' } },
    });
    expect(Object.keys((JSON.parse(text) as { exports: { '.': object } }).exports['.'])[0]).toBe('types');
  });
});
