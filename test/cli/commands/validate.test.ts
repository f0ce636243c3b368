/** `clrk validate` and `clrk waive` as a person or a CI job runs them: files, exit codes, reports. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable, Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Io } from '../../../cli/io.ts';
import { runCli } from '../../../cli/program.ts';

const fixtures = new URL('../../policy/rules/', import.meta.url);
const fixture = (id: string, name: 'bad' | 'good'): string =>
  readFileSync(new URL(`${id}/${name}.yaml`, fixtures), 'utf8');

let folder = '';
let before = '';
beforeEach(() => {
  before = process.cwd();
  folder = mkdtempSync(join(tmpdir(), 'clrk-validate-'));
  process.chdir(folder);
  mkdirSync('dist');
});
afterEach(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true });
});

let stdin = '';
async function clrk(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr'): Writable =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        written[name] += chunk.toString('utf8');
        done();
      },
    });
  const io: Io = {
    environment: {},
    homeDirectory: folder,
    stdin: Readable.from([stdin]),
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    stdoutIsTerminal: false,
    columns: 100,
    now: () => new Date('2026-11-24T12:00:00Z'),
    randomUuid: () => '',
    interruption: () => new AbortController().signal,
  };
  return { code: await runCli(io, words), ...written };
}

describe('exit codes', () => {
  test('0 clean, 1 findings at the threshold', async () => {
    writeFileSync('dist/a.yaml', fixture('image-without-digest', 'bad'));
    expect((await clrk('validate')).code).toBe(0);
    expect((await clrk('validate', 'dist', '--fail-on', 'warn')).code).toBe(1);
    writeFileSync('dist/a.yaml', fixture('allow-all-gateway', 'bad'));
    expect((await clrk('validate', 'dist')).code).toBe(1);
  });

  test.each([
    ['a path that is not there', ['validate', 'gone'], 'cannot be read (ENOENT)'],
    ['an empty folder', ['validate', 'dist'], 'no objects'],
    ['a format', ['validate', 'dist', '-o', 'xml'], 'no report format "xml"'],
    ['a report without a file', ['validate', 'dist', '--report', 'sarif'], 'names no file'],
    [
      'a report that cannot be written',
      ['validate', 'dist', '--report', 'json=/gone/x'],
      'cannot write /gone/x',
    ],
    ['a severity', ['validate', 'dist', '--fail-on', 'bad'], 'is not a severity'],
    ['a waiver file', ['validate', 'dist', '--waivers', 'gone.yaml'], 'cannot read gone.yaml'],
    ['a flag', ['validate', '--bogus'], "unknown option '--bogus'"],
  ])('3, never 0 to 2, for what cannot be decided: %s', async (_, words, text) => {
    const { code, stdout, stderr } = await clrk(...words);
    expect(code).toBe(3);
    expect(stdout + stderr).toContain(text);
    expect(stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(3);
  });

  test('3 although everything else is fine, when one document is not read', async () => {
    writeFileSync('dist/a.yaml', fixture('allow-all-gateway', 'good'));
    writeFileSync('dist/b.yaml', 'a: [\n');
    const { code, stdout } = await clrk('validate', 'dist');
    expect(code).toBe(3);
    expect(stdout).toContain('dist/b.yaml:2:1: error:');
  });
});

describe('what is read', () => {
  const gateway = fixture('allow-all-gateway', 'good');

  test('stdin, for -', async () => {
    stdin = gateway;
    expect(await clrk('validate', '-')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('1 files') as string,
    });
    stdin = fixture('allow-all-gateway', 'bad');
    const { code, stdout } = await clrk('validate', '-');
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^stdin:7:3: error: /)]);
    stdin = '';
  });

  test('two folders with objects of one name: 3 until --env says which is which', async () => {
    for (const name of ['dev', 'prod']) {
      mkdirSync(`dist/${name}`);
      writeFileSync(`dist/${name}/a.yaml`, gateway);
      writeFileSync(`dist/${name}/Kustomization`, 'resources: [a.yaml]\n');
    }
    const asked = await clrk('validate');
    expect([asked.code, asked.stdout]).toEqual([
      3,
      expect.stringContaining('Say which is which: --env one=dist/dev'),
    ]);
    const told = await clrk('validate', 'dist', '--env', 'dev=dist/dev', '--env', 'prod=dist/prod');
    expect([told.code, told.stdout]).toEqual([0, expect.stringContaining('no findings')]);
  });

  test('objects without a namespace among others: 3 until -n says where they go', async () => {
    writeFileSync('dist/a.yaml', gateway.replaceAll(/^ {2}namespace: .*\n/gm, ''));
    writeFileSync('dist/b.yaml', gateway.replace(/name: .*/, 'name: other\n  namespace: shop'));
    expect(await clrk('validate')).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('-n NAMESPACE') as string,
    });
    expect((await clrk('validate', '-n', 'shop')).code).toBe(0);
  });

  test('--assume-partial: the verdict on the rest, and every report says so', async () => {
    writeFileSync('dist/a.yaml', gateway);
    writeFileSync('dist/b.yaml', '--- {a: 1}\n');
    const reports = ['json', 'junit', 'sarif', 'github', 'gitlab', 'human'];
    const flags = reports.flatMap((format) => ['--report', `${format}=out.${format}`]);
    expect((await clrk('validate', ...flags)).code).toBe(3);
    expect((await clrk('validate', '--assume-partial', ...flags)).code).toBe(0);
    for (const format of reports) expect(readFileSync(`out.${format}`, 'utf8')).toContain('--assume-partial');
  });

  test.each(['x', '=x', 'x='])('--env %s is no environment', async (text) => {
    const { code, stderr } = await clrk('validate', '--env', text);
    expect([code, stderr]).toEqual([3, expect.stringContaining('is not NAME=PATH')]);
  });
});

test('several reports of one run, beside what is printed', async () => {
  writeFileSync('dist/a.yaml', fixture('allow-all-gateway', 'bad'));
  const reports = ['sarif', 'junit', 'gitlab', 'json'].flatMap((format) => [
    '--report',
    `${format}=out.${format}`,
  ]);
  const { stdout } = await clrk('validate', 'dist', '-o', 'github', ...reports);
  expect(stdout).toMatch(/^::error file=dist\/a\.yaml,line=7,col=3,title=allow-all-gateway::/);
  expect(readFileSync('out.junit', 'utf8')).toContain('name="allow-all-gateway"><failure');
  for (const format of ['sarif', 'gitlab', 'json']) {
    expect(JSON.stringify(JSON.parse(readFileSync(`out.${format}`, 'utf8')))).toContain('allow-all-gateway');
  }
});

describe('clrk waive', () => {
  test('what it writes, validate accepts; comments stay', async () => {
    writeFileSync('dist/a.yaml', fixture('allow-all-gateway', 'bad'));
    writeFileSync('clrk-waivers.yaml', '# reviewed on Mondays\nwaivers: []\n');
    const waive = [
      'waive',
      'allow-all-gateway',
      'EgressGateway/out',
      '--reason',
      'a lab without data',
      '--owner',
      'ann',
    ];
    expect(await clrk(...waive, '--expires', '30d')).toEqual({
      code: 0,
      stdout: 'clrk-waivers.yaml: allow-all-gateway waived for EgressGateway default/out until 2026-12-24\n',
      stderr: '',
    });
    expect(readFileSync('clrk-waivers.yaml', 'utf8')).toMatch(/^# reviewed on Mondays\n/);
    const { code, stdout } = await clrk('validate', 'dist');
    expect(code).toBe(0);
    expect(stdout).toContain(
      'waived until 2026-12-24 by ann: EgressGateway default/out [allow-all-gateway] a lab without data',
    );
  });

  test.each([
    ['as in the report', ['EgressGateway team/out'], 'team'],
    ['with slashes', ['EgressGateway/team/out'], 'team'],
    ['by -n', ['EgressGateway/out', '-n', 'team'], 'team'],
    ['by both', ['EgressGateway/team/out', '-n', 'team'], 'team'],
    ['none', ['EgressGateway/out'], undefined],
  ])('S52: the namespace is written: %s', async (_, words, namespace) => {
    const rest = ['--reason', 'a lab without data', '--owner', 'ann', '--expires', '30d'];
    expect((await clrk('waive', 'allow-all-gateway', ...words, ...rest)).code).toBe(0);
    const text = readFileSync('clrk-waivers.yaml', 'utf8');
    expect(/namespace: (.*)/.exec(text)?.[1]).toBe(namespace);
    expect(text).toContain('    name: out\n');
  });

  test.each([
    [
      'two namespaces',
      ['allow-all-gateway', 'EgressGateway/team/out', '-n', 'prod'],
      '30d',
      'two namespaces',
    ],
    ['four parts', ['allow-all-gateway', 'a/b/c/d'], '30d', 'is not KIND/NAME'],
    ['an unknown rule', ['nope', 'EgressGateway/out'], '30d', 'there is no rule "nope"'],
    ['no KIND/NAME', ['allow-all-gateway', 'out'], '30d', 'is not KIND/NAME'],
    ['too long', ['allow-all-gateway', 'EgressGateway/out'], '91d', 'the most is 90'],
    ['no date', ['allow-all-gateway', 'EgressGateway/out'], 'soon', 'a waiver needs'],
  ])('%s: nothing is written', async (_, words, expires, text) => {
    const { code, stderr } = await clrk(
      'waive',
      ...words,
      '--reason',
      'a lab without data',
      '--owner',
      'ann',
      '--expires',
      expires,
    );
    expect(code).toBe(3);
    expect(stderr).toContain(text);
    expect(() => readFileSync('clrk-waivers.yaml')).toThrow('ENOENT');
  });
});
