/**
 * What people copy into their repositories, run for real: the shell steps of the GitHub action, the GitLab job and the
 * git hook, and the plugin in a `cdk8s synth`. `clrk` is this work tree's.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('../../', import.meta.url));
// Bundled once: a loader would take seconds at each start on a busy machine.
const bundle = join(root, `build/test-integrations-${process.pid}`);
const clrk = `${process.execPath} ${bundle}/main.mjs`;
vi.setConfig({ testTimeout: 300_000 });

beforeAll(async () => {
  await build({
    absWorkingDir: root,
    entryPoints: ['cli/main.ts'],
    outdir: bundle,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    // As bin/bundle.mjs: `using` is more than this Node reads.
    target: 'node20.19',
    packages: 'external',
    logLevel: 'error',
  });
}, 120_000);
afterAll(() => {
  rmSync(bundle, { recursive: true, force: true });
});

const fixture = (id: string, name: 'bad' | 'good'): string =>
  readFileSync(join(root, `test/policy/rules/${id}/${name}.yaml`), 'utf8');
const read = (path: string): unknown => parse(readFileSync(join(root, 'integrations', path), 'utf8'));

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clrk-integrations-'));
  mkdirSync(join(folder, 'dist'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function put(id: string, name: 'bad' | 'good'): void {
  writeFileSync(join(folder, 'dist/a.yaml'), fixture(id, name));
}

interface Ran {
  readonly code: number | null;
  readonly output: string;
}
function shell(script: string, variables: Readonly<Record<string, string>>): Ran {
  const { PATH = '' } = process.env;
  const ran = spawnSync('bash', ['-e', '-c', script], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH, HOME: folder, ...variables },
  });
  return { code: ran.status, output: ran.stdout + ran.stderr };
}

describe('the GitHub action', () => {
  interface Action {
    readonly inputs: Readonly<Record<string, { readonly default: string }>>;
    readonly runs: {
      readonly steps: ReadonlyArray<{ readonly run: string; readonly env: Readonly<Record<string, string>> }>;
    };
  }
  const { inputs, runs } = read('github/action.yml') as Action;
  const [step] = runs.steps;
  const run = (given: Readonly<Record<string, string>> = {}): Ran => {
    const value = (text: string): string =>
      text.replace(
        /\$\{\{ inputs\.([\w-]+) \}\}/g,
        (_, name: string) => given[name] ?? inputs[name]?.default ?? '',
      );
    const variables = Object.entries(step?.env ?? {}).map(([name, text]) => [name, value(text)]);
    return shell(step?.run ?? 'false', {
      ...(Object.fromEntries(variables) as Record<string, string>),
      CLRK_COMMAND: clrk,
    });
  };

  test('annotates and fails, with a SARIF report; passes what is clean', () => {
    put('allow-all-gateway', 'bad');
    expect(run()).toMatchObject({
      code: 1,
      output: expect.stringMatching(/^::error file=dist\/a\.yaml,line=7/) as string,
    });
    expect(readFileSync(join(folder, 'clrk.sarif'), 'utf8')).toContain('"ruleId": "allow-all-gateway"');
    put('allow-all-gateway', 'good');
    expect(run().code).toBe(0);
    expect(run({ paths: 'gone' }).code).toBe(3);
  });

  test('inputs are never run', () => {
    put('allow-all-gateway', 'good');
    run({ paths: 'dist; touch pwned', 'fail-on': '$(touch pwned)' });
    expect(existsSync(join(folder, 'pwned'))).toBe(false);
  });
});

test('the example workflow and the GitLab job run the same command', () => {
  interface Workflow {
    readonly jobs: {
      readonly validate: { readonly steps: ReadonlyArray<{ readonly name?: string; readonly run?: string }> };
    };
  }
  const workflow =
    (read('github/workflow.yml') as Workflow).jobs.validate.steps.find(({ name }) => name === 'validate')
      ?.run ?? '';
  const gitlab = read('gitlab/clrk.gitlab-ci.yml') as {
    readonly variables: Readonly<Record<string, string>>;
    readonly 'clrk-validate': { readonly script: readonly string[] };
  };
  put('allow-all-gateway', 'bad');
  expect(shell(workflow.replace('npx --no-install clrk', clrk), {}).code).toBe(1);
  expect(existsSync(join(folder, 'clrk.xml'))).toBe(true);
  const variables = { ...gitlab.variables, CLRK_COMMAND: clrk };
  const script = gitlab['clrk-validate'].script.join('\n');
  expect(shell(script, variables).code).toBe(1);
  expect(readFileSync(join(folder, 'clrk-quality.json'), 'utf8')).toContain(
    '"check_name": "allow-all-gateway"',
  );
  put('allow-all-gateway', 'good');
  expect(shell(script, variables).code).toBe(0);
});

test('the git hook judges what is staged, not what lies in the work tree', () => {
  const git = (...words: string[]): void => {
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...words], {
      cwd: folder,
      stdio: 'ignore',
    });
  };
  git('init', '-q');
  symlinkSync(join(root, 'integrations/pre-commit/clrk-validate.sh'), join(folder, '.git/hooks/pre-commit'));
  put('allow-all-gateway', 'bad');
  git('add', '.');
  put('allow-all-gateway', 'good');
  const commit = (): Ran =>
    shell('git -c user.name=t -c user.email=t@example.com commit -qm x', { CLRK_COMMAND: clrk });
  expect(commit()).toMatchObject({
    code: 1,
    output: expect.stringContaining('[allow-all-gateway]') as string,
  });
  git('add', '.');
  expect(commit().code).toBe(0);
});

describe('cdk8s synth with the plugin', () => {
  const program = (policy: string): string => `
    import { App, Chart, YamlOutputType } from 'cdk8s';
    import { EgressGateway } from '${root}constructs/index.ts';
    const app = new App({ yamlOutputType: YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE });
    const chart = new Chart(app, 'agents', { namespace: 'default' });
    new EgressGateway(chart, 'out', { defaultPolicy: '${policy}' });
    app.synth();
  `;
  const synth = (policy: string): Ran => {
    const config = `language: typescript
app: ${process.execPath} --import file://${root}node_modules/tsx/dist/loader.mjs main.ts
output: dist
validations:
  - { package: ${root}integrations/cdk8s-validation, version: 0.1.0, class: ClrkValidation }
`;
    writeFileSync(join(folder, 'cdk8s.yaml'), config);
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'main.ts'), program(policy));
    if (!existsSync(join(folder, 'node_modules')))
      symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    return shell(`${process.execPath} ${root}node_modules/cdk8s-cli/bin/cdk8s synth --check-upgrade=false`, {
      CI: '1',
    });
  };

  test('fails with the rule, the construct path and the TypeScript line', () => {
    const { code, output } = synth('allow-all');
    expect(output).toContain('allow-all-gateway');
    expect(output).toContain('agents/out');
    expect(output).toMatch(/main\.ts:6:5/);
    expect(code).toBe(2);
  });

  test('passes what is clean, and leaves the places for clrk validate', () => {
    expect(synth('deny-all').code).toBe(0);
    const { objects } = JSON.parse(readFileSync(join(folder, 'dist/clrk-sources.json'), 'utf8')) as {
      objects: unknown;
    };
    expect(objects).toEqual([
      {
        kind: 'EgressGateway',
        namespace: 'default',
        name: 'out',
        construct: 'agents/out',
        file: 'main.ts',
        line: 6,
        column: 5,
      },
    ]);
  });
});
