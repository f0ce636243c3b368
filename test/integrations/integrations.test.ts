/**
 * What people copy into their repositories, run for real: the shell steps of the GitHub action, the GitLab job and the
 * git hook, and the plugin in a `cdk8s synth`. `clrk` is this work tree's.
 */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  chmodSync,
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
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { integrationFiles } from '../../cli/index.ts';

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
      readonly steps: ReadonlyArray<{
        readonly name: string;
        readonly run: string;
        readonly env: Readonly<Record<string, string>>;
      }>;
    };
  }
  const { inputs, runs } = read('github/action.yml') as Action;
  const run = (given: Readonly<Record<string, string>> = {}, name = 'validate'): Ran => {
    const step = runs.steps.find((each) => each.name === name);
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

  test('tells the change of reach as annotations and in Markdown, and drift where it is asked', () => {
    git('init', '-q', '-b', 'main');
    writeFileSync(join(folder, 'dist/a.yaml'), manifests('a.example.com'));
    git('add', '.');
    git('commit', '-qm', 'base');
    writeFileSync(join(folder, 'dist/a.yaml'), manifests('b.example.com'));
    const { code, output } = run({ base: 'main' }, 'reach');
    expect(code).toBe(0);
    expect(output).toMatch(/^::(?:warning|notice) title=reach \w+::agent `a`/);
    expect(readFileSync(join(folder, 'clrk-reach.md'), 'utf8')).toContain('b.example.com');
    expect(run({ base: 'gone' }, 'reach').code).toBe(3);
    // No cdk8s.yaml here: nothing to compare with is no success.
    expect(run({}, 'drift').code).toBe(3);
  });

  test('holds reach within a boundary where one is named', () => {
    writeFileSync(join(folder, 'dist/a.yaml'), manifests('a.example.com'));
    writeFileSync(join(folder, 'wide.yaml'), 'version: 1\nrows: [{ destinations: ["*.example.com"] }]\n');
    writeFileSync(join(folder, 'none.yaml'), 'version: 1\nrows: []\n');
    expect(run({ boundary: 'wide.yaml' }, 'boundary').code).toBe(0);
    expect(run({ boundary: 'none.yaml' }, 'boundary')).toMatchObject({
      code: 1,
      output: expect.stringContaining('outside the boundary: agent `TaskAgent/t/a` can reach') as string,
    });
    expect(run({ boundary: 'gone.yaml' }, 'boundary').code).toBe(3);
  });

  test('inputs are never run', () => {
    put('allow-all-gateway', 'good');
    run({ paths: 'dist; touch pwned', 'fail-on': '$(touch pwned)' });
    expect(existsSync(join(folder, 'pwned'))).toBe(false);
  });
});

interface Step {
  readonly name?: string;
  readonly run?: string;
}
interface GithubWorkflow {
  readonly jobs: Readonly<Record<'check' | 'comment', { readonly steps: readonly Step[] }>>;
}
interface GitlabJob {
  readonly script: readonly string[];
  readonly after_script: readonly string[];
}
const workflow = read('github/workflow.yml') as GithubWorkflow;
const gitlab = read('gitlab/clrk.gitlab-ci.yml') as Readonly<
  Record<'clrk-validate' | 'clrk-reach', GitlabJob>
> & {
  readonly variables: Readonly<Record<string, string>>;
};
const stepOf = (job: 'check' | 'comment', name: string): string =>
  (workflow.jobs[job].steps.find((step) => step.name === name)?.run ?? 'false').replaceAll(
    'npx --no-install clrk',
    clrk,
  );
const variables = { ...gitlab.variables, CLRK_COMMAND: clrk };

test('what is in integrations/ is what cli/init says', () => {
  for (const [path, text] of integrationFiles) {
    expect(readFileSync(join(root, 'integrations', path), 'utf8')).toBe(text);
  }
});

test('the example workflow and the GitLab job validate alike', () => {
  const script = gitlab['clrk-validate'].script.filter((each) => each.includes(' validate ')).join('\n');
  put('allow-all-gateway', 'bad');
  expect(shell(stepOf('check', 'validate'), {}).code).toBe(1);
  expect(existsSync(join(folder, 'clrk.xml'))).toBe(true);
  expect(shell(script, variables).code).toBe(1);
  expect(readFileSync(join(folder, 'clrk-quality.json'), 'utf8')).toContain(
    '"check_name": "allow-all-gateway"',
  );
  put('allow-all-gateway', 'good');
  expect(shell(script, variables).code).toBe(0);
});

test('the example workflow and the GitLab job hold reach within a boundary alike, and ask for none without one', () => {
  const script = gitlab['clrk-validate'].script.filter((each) => each.includes('--within')).join('\n');
  writeFileSync(join(folder, 'dist/a.yaml'), manifests('a.example.com'));
  writeFileSync(join(folder, 'none.yaml'), 'version: 1\nrows: []\n');
  for (const each of [stepOf('check', 'boundary'), script]) {
    expect(shell(each, { ...variables, CLRK_BOUNDARY: 'none.yaml' }).code).toBe(1);
    expect(shell(each, { ...variables, CLRK_BOUNDARY: 'gone.yaml' }).code).toBe(3);
    expect(shell(each, variables).code).toBe(0);
  }
});

const git = (...words: string[]): void => {
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...words], {
    cwd: folder,
    stdio: 'ignore',
  });
};

const manifests = (hosts: string): string => `apiVersion: clrk.apoxy.dev/v1alpha1
kind: WorkerPool
metadata: { name: p, namespace: t }
spec: { template: { image: x/w:1 } }
---
apiVersion: clrk.apoxy.dev/v1alpha1
kind: EgressGateway
metadata: { name: gw, namespace: t }
spec: { listeners: [{ name: all, protocol: TCP }] }
---
apiVersion: clrk.apoxy.dev/v1alpha1
kind: TaskAgent
metadata: { name: a, namespace: t }
spec: { workerPoolRef: p, egressRefs: [{ gatewayRef: gw }], template: { spec: { image: x/y:1 } } }
---
apiVersion: clrk.apoxy.dev/v1alpha1
kind: EgressL4Route
metadata: { name: r, namespace: t }
spec: { parentRefs: [{ name: gw }], rules: [{ matches: [{ destinationHostnames: [${hosts}], ports: [{ port: 443 }] }] }] }
`;

describe('a pull request', () => {
  // A program that copies: the steps are what is tested, not cdk8s.
  const program = `import { cpSync } from 'node:fs';\ncpSync('manifests', process.env.CDK8S_OUTDIR, { recursive: true });\n`;
  const synth = (): void => {
    execFileSync(process.execPath, ['main.mjs'], {
      cwd: folder,
      env: { CDK8S_OUTDIR: join(folder, 'dist') },
    });
  };

  beforeEach(() => {
    git('init', '-q', '-b', 'main');
    writeFileSync(
      join(folder, 'cdk8s.yaml'),
      `language: typescript\napp: ${process.execPath} main.mjs\noutput: dist\n`,
    );
    writeFileSync(join(folder, 'main.mjs'), program);
    mkdirSync(join(folder, 'manifests'));
    writeFileSync(join(folder, 'manifests/a.yaml'), manifests('a.example.com'));
    synth();
    git('add', '.');
    git('commit', '-qm', 'base');
    git('checkout', '-qb', 'change');
  });

  const drift = (): Ran => shell(stepOf('check', 'drift'), {});
  const committed = (): Ran => shell(stepOf('check', 'committed'), {});
  const reach = (base: string): Ran =>
    shell(stepOf('check', 'reach'), { CLRK_COMMAND: clrk, CLRK_BASE: base });
  const comment = (): string => readFileSync(join(folder, 'clrk-reach.md'), 'utf8');

  test('that changes nothing passes each step', () => {
    expect(drift()).toEqual({ code: 0, output: 'no drift\n' });
    expect(committed()).toEqual({ code: 0, output: '' });
    expect(reach('main').code).toBe(0);
    expect(comment()).toContain('Reach is the same as in `main`');
  });

  test('with a file that was not synthesized, and one that was not committed', () => {
    writeFileSync(
      join(folder, 'manifests/new.yaml'),
      manifests('b.example.com').replaceAll(/name: (gw|a|p|r),/g, 'name: $12,'),
    );
    const before = drift();
    expect(before.code).toBe(2);
    expect(before.output).toContain('dist/new.yaml: missing');
    synth();
    // New files count, although git does not know them yet.
    const found = committed();
    expect(found.code).toBe(1);
    expect(found.output).toContain('dist/new.yaml');
    git('add', '.');
    git('commit', '-qm', 'x');
    expect([committed().code, drift().code]).toEqual([0, 0]);
  });

  test('that reaches more is told with each agent, and what cannot be decided too', () => {
    writeFileSync(join(folder, 'dist/a.yaml'), manifests('a.example.com, b.example.com'));
    expect(reach('main').code).toBe(0);
    expect(comment()).toMatch(
      /^<!-- clrk reach -->\n### Reach: 1 added, 0 removed since `main`\n\n```diff\n\+ agent `a`.*b\.example\.com/,
    );
    const unknown = reach('no-such-branch');
    expect(unknown.code).toBe(3);
    expect(comment()).toMatch(/^<!-- clrk reach -->\n### Reach could not be decided\n\n {4}.*no-such-branch/);
    expect(reach('main; touch pwned').code).toBe(3);
    expect(existsSync(join(folder, 'pwned'))).toBe(false);
  });

  test('GitHub: the comment is written once and then replaced', () => {
    // What gh does with these words: comments are lines of a file, `id text`.
    const gh = `#!/bin/bash
touch comments
case "$*" in
  *--paginate*) sed -n 's/^\\([0-9]*\\) <!-- clrk reach -->.*/\\1/p' comments ;;
  *POST*issues/7/comments*) echo "$(($(wc -l <comments) + 1)) $(tr '\\n' ' ' <clrk-reach.md)" >>comments ;;
  *PATCH*issues/comments/*) id=$(sed 's/.*comments.\\([0-9]*\\) .*/\\1/' <<<"$*"); sed -i "\${id}s/.*/$id $(tr '\\n/' '  ' <clrk-reach.md)/" comments ;;
esac
`;
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin/gh'), gh);
    chmodSync(join(folder, 'bin/gh'), 0o755);
    writeFileSync(join(folder, 'comments'), '1 looks good\n');
    const post = (text: string): string[] => {
      writeFileSync(join(folder, 'clrk-reach.md'), `<!-- clrk reach -->\n${text}\n`);
      const ran = shell(stepOf('comment', 'comment'), {
        PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`,
        CLRK_REPOSITORY: 'o/r',
        CLRK_NUMBER: '7',
        GH_TOKEN: 'x',
      });
      expect(ran).toEqual({ code: 0, output: '' });
      return readFileSync(join(folder, 'comments'), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => line.trimEnd());
    };
    expect(post('one')).toEqual(['1 looks good', '2 <!-- clrk reach --> one']);
    expect(post('two')).toEqual(['1 looks good', expect.stringMatching(/^2 .*two$/) as string]);
  });

  test('GitLab: the note is written once and then replaced; without a token nothing is', async () => {
    const notes: Array<{ id: number; body: string }> = [{ id: 1, body: 'looks good' }];
    const tokens = new Set<unknown>();
    const server = createServer((request, response) => {
      tokens.add(request.headers['private-token']);
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const { body = '' } = text === '' ? {} : (JSON.parse(text) as { body: string });
        const [, id] =
          /^\/projects\/5\/merge_requests\/9\/notes(?:\/(\d+))?(?:\?.*)?$/.exec(request.url ?? '') ?? [];
        if (request.method === 'POST') notes.push({ id: notes.length + 1, body });
        if (request.method === 'PUT') notes.splice(Number(id) - 1, 1, { id: Number(id), body });
        response.end(JSON.stringify(request.method === 'GET' ? notes : {}));
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    try {
      const env = {
        ...{ PATH: process.env['PATH'], CI_PROJECT_ID: '5', CI_MERGE_REQUEST_IID: '9' },
        CI_API_V4_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      };
      const post = async (text: string, token: string): Promise<string[]> => {
        writeFileSync(join(folder, 'clrk-reach.md'), `<!-- clrk reach -->\n${text}\n`);
        const script = gitlab['clrk-reach'].after_script.join('\n');
        await promisify(execFile)('bash', ['-eo', 'pipefail', '-c', script], {
          cwd: folder,
          env: { ...env, CLRK_GITLAB_TOKEN: token },
        });
        return notes.map(({ body }) => body.replace('<!-- clrk reach -->', '#').trim());
      };
      expect(await post('none', '')).toEqual(['looks good']);
      expect(await post('one', 'secret')).toEqual(['looks good', '#\none']);
      expect(await post('two', 'secret')).toEqual(['looks good', '#\ntwo']);
      expect([...tokens]).toEqual(['secret']);
    } finally {
      server.close();
    }
  });

  test('GitLab: reach as on GitHub', () => {
    writeFileSync(join(folder, 'dist/a.yaml'), manifests('b.example.com'));
    const ran = shell(gitlab['clrk-reach'].script.join('\n'), { ...variables, CLRK_BASE: 'main' });
    expect(ran.code).toBe(0);
    expect(comment()).toContain('### Reach: 1 added, 1 removed since `main`');
  });
});

test('the git hook judges what is staged, not what lies in the work tree', () => {
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
