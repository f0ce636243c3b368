/** The doc comments are the manual: complete, and each example compiles and synthesizes as a reader would type it. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { App, Chart, Testing, YamlOutputType } from 'cdk8s';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as constructs from '../../constructs/index.ts';
import { EgressGateway, TaskAgent, WorkerPool } from '../../constructs/index.ts';
import { loadManifests, validate } from '../../policy/index.ts';
import { repositoryRoot } from '../../scripts/source-files.ts';
import { errorsOf } from './chart.ts';
import { readDocComments } from '../../scripts/doc-comments.ts';

const comments = readDocComments();
const examples = comments.flatMap(({ name, examples: texts }) =>
  texts.map((code, index) => ({ name: index === 0 ? name : `${name} (${index + 1})`, code })),
);

// Inside the repository, so that packages resolve as a user's would; build/ is nobody's source.
const build = join(repositoryRoot, 'build');
mkdirSync(build, { recursive: true });
const folder = mkdtempSync(join(build, 'examples-'));
const outdir = join(folder, 'dist');

interface Scene {
  readonly app: App;
  readonly chart: Chart;
  readonly pool: WorkerPool;
  readonly gateway: EgressGateway;
  readonly agent: TaskAgent;
}

/** An example that imports is a program of its own; any other has the names the reference's first page tells of. */
function moduleOf(code: string): string {
  if (code.includes('import ')) return code;
  return [
    "import { App, Chart, Duration, Size } from 'cdk8s';",
    `import { ${Object.keys(constructs).join(', ')} } from '@clrk/constructs';`,
    'interface Scene { app: App; chart: Chart; pool: WorkerPool; gateway: EgressGateway; agent: TaskAgent }',
    'export function example({ app, chart, pool, gateway, agent }: Scene): void {',
    code,
    '}',
  ].join('\n');
}

const files = examples.map(({ name, code }, index) => {
  const path = join(folder, `${index}.ts`);
  writeFileSync(path, moduleOf(code));
  return { name, path, code };
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('doc comments', () => {
  test('every class and every method has an example', () => {
    const bare = comments.filter(({ what, examples: texts, name }) => {
      const abstractBase = /^(Agent|CustomResource|EgressRoute|KeyedRoute|Policy)$/.test(name);
      return (what === 'class' || what === 'method') && texts.length === 0 && !abstractBase;
    });
    expect(bare.map(({ name }) => name).filter((name) => !name.endsWith('.toString'))).toEqual([]);
  });

  test('everything is explained, and every optional property says its default', () => {
    const marks =
      /\.(workerPool|egressGateway|backend|rateLimitPolicy|loggingPolicy|routeKind|credentialTargetKind)$/;
    const silent = comments.filter(
      ({ name, text }) => text === '' && !marks.test(name) && !name.endsWith('.toString'),
    );
    expect(silent.map(({ name }) => name)).toEqual([]);
    const undecided = comments.filter(({ optional, defaultText }) => optional && (defaultText ?? '') === '');
    expect(undecided.map(({ name }) => name)).toEqual([]);
  });

  test('an AgentStack with a model, tools and a host is less than 15 lines', () => {
    const [{ code } = { code: '' }] = examples.filter(({ name }) => name === 'AgentStack');
    expect(code).toContain('providers:');
    expect(code.split('\n').length).toBeLessThan(15);
  });
});

describe('examples', () => {
  let problems: string[];
  beforeAll(() => {
    const config = ts.getParsedCommandLineOfConfigFile(
      join(repositoryRoot, 'tsconfig.json'),
      {},
      {
        ...ts.sys,
        onUnRecoverableConfigFileDiagnostic: (each) => {
          throw new Error(ts.flattenDiagnosticMessageText(each.messageText, '\n'));
        },
      },
    );
    const program = ts.createProgram(
      files.map(({ path }) => path),
      config?.options ?? {},
    );
    problems = files.flatMap(({ name, path }) => {
      const file = program.getSourceFile(path);
      const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
      return found.map((each) => `${name}: ${ts.flattenDiagnosticMessageText(each.messageText, '\n')}`);
    });
  });

  test('there are many, and all of them type-check', () => {
    expect(files.length).toBeGreaterThan(60);
    expect(problems).toEqual([]);
  });

  test.each(files)('$name synthesizes', async ({ path, code }) => {
    process.env['CDK8S_OUTDIR'] = outdir;
    const loaded = (await import(/* @vite-ignore */ pathToFileURL(path).href)) as {
      example?: (scene: Scene) => void;
    };
    if (loaded.example === undefined) {
      expect(readdirSync(outdir).length).toBeGreaterThan(0);
      const { findings } = validate(loadManifests([outdir]), { now: new Date(0) });
      // What Flux or Argo CD will apply from git is not in this folder, and validate says so.
      const errors = findings.filter(({ rule, severity }) => severity === 'error' && rule !== 'not-seen');
      expect(errors.map(({ message }) => message)).toEqual([]);
      rmSync(outdir, { recursive: true });
      return;
    }
    const app = new App({ yamlOutputType: YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE });
    const chart = new Chart(app, 'test', { namespace: 'agents' });
    const pool = new WorkerPool(chart, 'pool');
    const gateway = new EgressGateway(chart, 'gateway');
    const agent = new TaskAgent(chart, 'agent', { image: 'ghcr.io/acme/agent:1.0.0', pool });
    loaded.example({ app, chart, pool, gateway, agent });
    // One that only makes a value adds nothing; one with `new` or a method call on the scene must.
    const before = 3;
    const adds = /\bnew (?!App)[A-Z]|gateway\.(allow|deny)/.test(code) && !code.includes('Flux');
    const objects = app.charts.flatMap((each) => Testing.synth(each) as object[]);
    expect(objects.length).toBeGreaterThanOrEqual(adds ? before + 1 : before);
    // What somebody else makes is not here.
    // Nor is what Flux will read from git.
    const expected = code.includes('fromName(')
      ? /^unresolved-reference: /
      : code.includes('Flux')
        ? /^(?:not-seen: |undecided$)/
        : /^$/;
    expect(errorsOf(objects).filter((line) => !expected.test(line))).toEqual([]);
  });
});
