/** `clrk drift --no-cluster`: the committed output against what the project's own program writes now. */
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCommandLine } from '../command-line.ts';

const home = process.cwd();
let project: string;

const program = `import { writeFileSync } from 'node:fs';
writeFileSync(process.env.CDK8S_OUTDIR + '/a.yaml', 'a: 1\\n');
writeFileSync(process.env.CDK8S_OUTDIR + '/clrk-sources.json', String(process.hrtime.bigint()));
`;

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'clrk-drift-test-'));
  process.chdir(project);
  writeFileSync('cdk8s.yaml', `language: typescript\napp: ${process.execPath} synth.mjs\noutput: out\n`);
  writeFileSync('synth.mjs', program);
  mkdirSync('out');
  writeFileSync('out/a.yaml', 'a: 1\n');
});

afterEach(() => {
  process.chdir(home);
  rmSync(project, { recursive: true });
});

const drift = (...args: string[]) => runCommandLine(['drift', '--no-cluster', ...args]);

test('none', async () => {
  expect(await drift()).toEqual({ code: 0, stdout: 'no drift\n', stderr: '' });
});

test('stale, missing and left over are 2, and git is left as it was', async () => {
  writeFileSync('out/a.yaml', 'a: 2\n');
  writeFileSync('out/gone.yaml', '');
  const { code, stdout } = await drift('-o', 'json');
  expect(code).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({
    drift: 2,
    synth: [
      { path: 'a.yaml', change: 'stale' },
      { path: 'gone.yaml', change: 'left over' },
    ],
  });
  rmSync('out', { recursive: true });
  const without = await drift();
  expect(without.code).toBe(2);
  expect(without.stdout).toContain('out/a.yaml: missing');
});

test('a program that fails is 3, with its own words', async () => {
  writeFileSync('synth.mjs', `throw new Error('no such thing');`);
  const { code, stdout, stderr } = await drift();
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  expect(stderr).toMatch(/synth failed .*no such thing \(SYNTH_FAILED\)/);
});

test('no project here is 3', async () => {
  rmSync('cdk8s.yaml');
  expect((await drift()).code).toBe(3);
});

/** Every file of the project with its content; of what is linked, where it leads. */
function hashOf(folder: string): string {
  const hash = createHash('sha256');
  const walk = (path: string): void => {
    const status = lstatSync(path);
    hash.update(`${path} ${status.mode} ${status.isFile() ? status.mtimeMs : ''}\n`);
    if (status.isSymbolicLink()) hash.update(readlinkSync(path));
    else if (status.isFile()) hash.update(readFileSync(path));
    else for (const name of readdirSync(path).sort()) walk(join(path, name));
  };
  walk(folder);
  return hash.digest('hex');
}

describe('S52: the tree is as it was', () => {
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  const app = (props: string): string => `import { App, Chart, ApiObject } from 'cdk8s';
const app = new App(${props});
const chart = new Chart(app, 'a', { namespace: 't' });
new ApiObject(chart, 'c', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { a: '1' } });
app.synth();
`;
  const committed = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: t}\ndata: {a: "1"}\n';

  beforeEach(() => {
    rmSync('out', { recursive: true });
    mkdirSync('dist');
    mkdirSync('node_modules');
    for (const name of ['cdk8s', 'constructs'])
      symlinkSync(join(root, 'node_modules', name), `node_modules/${name}`);
    writeFileSync('package.json', '{"type":"module"}');
    writeFileSync('cdk8s.yaml', `language: typescript\napp: ${process.execPath} main.mjs\noutput: dist\n`);
    writeFileSync('dist/a.k8s.yaml', committed);
  });

  test.each([
    ['an App that leaves outdir out', ''],
    ['an App whose outdir wins over the environment', `{ outdir: 'dist' }`],
    ['an outdir beside the program', `{ outdir: import.meta.dirname + '/dist' }`],
  ])('%s: a right answer', async (_, props) => {
    writeFileSync('main.mjs', app(props));
    const before = hashOf(project);
    expect(await drift()).toEqual({ code: 0, stdout: 'no drift\n', stderr: '' });
    expect(hashOf(project)).toBe(before);
    writeFileSync('dist/a.k8s.yaml', committed.replace('"1"', '"2"'));
    const edited = hashOf(project);
    const { code, stdout } = await drift();
    expect({ code, stdout }).toMatchObject({
      code: 2,
      stdout: expect.stringContaining('(ConfigMap t/c data.a)') as string,
    });
    expect(hashOf(project)).toBe(edited);
  });

  test('an App that writes to another folder: 3, with the reason', async () => {
    writeFileSync('main.mjs', app(`{ outdir: 'build' }`));
    const before = hashOf(project);
    const { code, stderr } = await drift();
    expect(code).toBe(3);
    expect(stderr).toMatch(/wrote nothing to dist.*\(SYNTH_ELSEWHERE\)/);
    expect(hashOf(project)).toBe(before);
  });

  test('an App that writes to the project by its full path: 3, and what was committed is there', async () => {
    writeFileSync('main.mjs', app(`{ outdir: ${JSON.stringify(join(project, 'dist'))} }`));
    writeFileSync('dist/a.k8s.yaml', '# by hand\n');
    writeFileSync('dist/.keep', 'x');
    const { code, stderr } = await drift();
    expect(code).toBe(3);
    expect(stderr).toMatch(/wrote to dist\/a\.k8s\.yaml by a path of its own/);
    expect(readFileSync('dist/a.k8s.yaml', 'utf8')).toBe('# by hand\n');
    expect(readdirSync('dist').sort()).toEqual(['.keep', 'a.k8s.yaml']);
  });

  test('a program that keeps a cache beside packages, and one that removes what it finds', async () => {
    writeFileSync(
      'main.mjs',
      `${app('')}import fs from 'node:fs';
fs.mkdirSync('node_modules/.cache'); fs.writeFileSync('node_modules/.cache/x', 'x');
fs.writeFileSync('seen.txt', ''); fs.rmSync('main.mjs');\n`,
    );
    const before = hashOf(project);
    expect((await drift()).code).toBe(0);
    expect(hashOf(project)).toBe(before);
  });

  test('packages of a folder above, and code beside the project in its repository', async () => {
    mkdirSync('apps/one/dist', { recursive: true });
    mkdirSync('.git');
    writeFileSync('shared.mjs', `export const value = '1';`);
    writeFileSync(
      'apps/one/main.mjs',
      `import { value } from '../../shared.mjs';\n${app('').replace(`'1'`, 'value')}`,
    );
    writeFileSync('apps/one/cdk8s.yaml', readFileSync('cdk8s.yaml', 'utf8'));
    writeFileSync('apps/one/dist/a.k8s.yaml', committed);
    process.chdir('apps/one');
    expect(await drift()).toEqual({ code: 0, stdout: 'no drift\n', stderr: '' });
  });

  test.each(['.gitignore', '.hidden.yaml', 'sub/.x.yml', 'construct-metadata.json'])(
    'an extra file %s, and a link, are found',
    async (name) => {
      writeFileSync('main.mjs', app(''));
      mkdirSync('dist/sub');
      writeFileSync(join('dist', name), '');
      symlinkSync('/etc/passwd', 'dist/link.yaml');
      const { code, stdout } = await drift('-o', 'json');
      expect(code).toBe(2);
      expect(JSON.parse(stdout)).toMatchObject({
        synth: [{ change: 'left over' }, { change: 'left over' }],
      });
      expect(stdout).toContain(name);
      expect(existsSync('dist/link.yaml')).toBe(true);
    },
  );
});
