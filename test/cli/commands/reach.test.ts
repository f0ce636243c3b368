/** `clrk reach` as a person runs it: on folders, against a git revision, and on what it cannot read. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommandLine } from '../command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'clrk-reach-test-'));
const dist = join(folder, 'dist');
afterAll(() => rmSync(folder, { recursive: true }));

const header = (kind: string, name: string) =>
  `apiVersion: clrk.apoxy.dev/v1alpha1\nkind: ${kind}\nmetadata: {name: ${name}, namespace: shop}\n`;
const agent = `${header('TaskAgent', 'triage')}spec:
  workerPoolRef: pool
  template: {spec: {image: example.com/triage:1}}
  egressRefs: [{gatewayRef: out}]
`;
const gateway = `${header('EgressGateway', 'out')}spec: {listeners: [{name: tls, protocol: HTTPS}]}\n`;
const route = `${header('EgressL4Route', 'web')}spec:
  parentRefs: [{name: out}]
  rules: [{matches: [{destinationHostnames: [api.stripe.com], ports: [{port: 443}]}]}]
`;

function write(files: Readonly<Record<string, string>>): string {
  const at = mkdtempSync(join(folder, 'set-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(at, name, '..'), { recursive: true });
    writeFileSync(join(at, name), text);
  }
  return at;
}

const git = (...args: string[]): void => {
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.com'];
  execFileSync('git', ['-C', folder, ...identity, ...args], { stdio: 'ignore' });
};

beforeAll(() => {
  mkdirSync(dist);
  writeFileSync(join(dist, 'agent.yaml'), `${agent}---\n${gateway}`);
  git('init', '-q', '-b', 'main');
  git('add', 'dist');
  git('commit', '-q', '-m', 'first');
  writeFileSync(join(dist, 'route.yaml'), route);
});

const sentence = 'agent `triage` may now reach `api.stripe.com:443`';

describe('clrk reach', () => {
  test('a table with one row a way', async () => {
    const { code, stdout } = await runCommandLine(['reach', dist]);
    expect(code).toBe(0);
    const [titles, row, ...more] = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(/ {3,}/));
    expect(titles).toEqual([
      'AGENT',
      'DESTINATION',
      'PORT',
      'PROTOCOL',
      'CALLS',
      'CREDENTIAL',
      'BUDGET',
      'GATEWAY',
    ]);
    expect(row).toEqual(['triage', 'api.stripe.com', '443', 'HTTPS', 'every call', '-', '-', 'shop/out']);
    expect(more).toEqual([]);
  });

  test('JSON says the same', async () => {
    const { stdout } = await runCommandLine(['reach', dist, '-o', 'json']);
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      agents: [
        {
          agent: 'TaskAgent/shop/triage',
          reaches: [{ destinations: { names: ['api.stripe.com'] }, ports: [{ start: 443, end: 443 }] }],
        },
      ],
    });
  });

  test('two environments of one name are two answers', async () => {
    const files = {
      'a/x.yaml': `${agent}---\n${gateway}`,
      'b/x.yaml': `${agent}---\n${gateway}---\n${route}`,
    };
    const kustomization = 'resources: [x.yaml]\n';
    const at = write({
      ...files,
      'a/kustomization.yaml': kustomization,
      'b/kustomization.yaml': kustomization,
    });
    const { stdout } = await runCommandLine(['reach', at, '-o', 'sentences']);
    expect(stdout).toBe(
      '# a\nagent `triage` may reach nothing\n\n# b\nagent `triage` may reach `api.stripe.com:443` over HTTPS\n',
    );
  });
});

describe('clrk reach --diff', () => {
  test('against a git revision', async () => {
    const { code, stdout } = await runCommandLine(['reach', dist, '--diff', 'HEAD']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `+ ${sentence}\n1 added, 0 removed since HEAD\n` });
  });

  test('--fail-on-added: 1 for more, 0 for less and for nothing', async () => {
    const narrow = write({ 'x.yaml': `${agent}---\n${gateway}` });
    const codes = [];
    for (const [head, base] of [
      [dist, narrow],
      [narrow, dist],
      [dist, dist],
    ] as const) {
      codes.push((await runCommandLine(['reach', head, '--diff', base, '--fail-on-added'])).code);
    }
    expect(codes).toEqual([1, 0, 0]);
  });

  test('JSON for a pull request', async () => {
    const { stdout } = await runCommandLine(['reach', dist, '--diff', 'HEAD', '-o', 'json']);
    expect(JSON.parse(stdout)).toMatchObject({
      base: 'HEAD',
      added: 1,
      removed: 0,
      changes: [{ agent: 'TaskAgent/shop/triage', direction: 'added', kind: 'destination', sentence }],
    });
  });

  test('a folder that was not there yet: all of it is new', async () => {
    const later = join(folder, 'later');
    mkdirSync(later);
    writeFileSync(join(later, 'x.yaml'), `${agent}---\n${gateway}---\n${route}`);
    const { code, stdout } = await runCommandLine(['reach', later, '--diff', 'main']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `+ ${sentence}\n1 added, 0 removed since main\n` });
  });
});

describe('what cannot be decided is 3 and one clear line', () => {
  test.each<[string, () => string[], RegExp]>([
    ['no such revision', () => [dist, '--diff', 'nope'], /neither a folder nor a git revision "nope"/],
    [
      'a revision that looks like a flag',
      () => [dist, '--diff=--all'],
      /neither a folder nor a git revision "--all"/,
    ],
    ['broken YAML', () => [write({ 'x.yaml': 'a: [1\nb: 2' })], /x\.yaml:\d+:\d+: /],
    [
      'two documents of one name',
      () => [write({ 'x.yaml': `${gateway}---\n${gateway}` })],
      /x\.yaml:6:1: EgressGateway shop\/out is also at .*x\.yaml:1:1/,
    ],
    [
      'an unknown kind',
      () => [write({ 'x.yaml': header('Nothing', 'x') })],
      /x\.yaml:2:\d+: there is no kind Nothing/,
    ],
    [
      'another version',
      () => [write({ 'x.yaml': gateway.replace('v1alpha1', 'v9') })],
      /there is no kind EgressGateway in clrk\.apoxy\.dev\/v9/,
    ],
    [
      'a broken rule',
      () => [write({ 'x.yaml': gateway.replace('HTTPS', 'UDP') })],
      /x\.yaml:4:\d+: EgressGateway shop\/out spec\.listeners\[0\]\.protocol: .*UDP/,
    ],
    ['no folder', () => [join(folder, 'nowhere')], /nowhere/],
    ['nothing in it', () => [write({ 'README.md': '' })], /no manifests/],
    [
      'a loop of links',
      () => {
        const at = write({ 'x.yaml': 'a: [1' });
        symlinkSync(at, join(at, 'loop'));
        return [at];
      },
      /loop:1:1: loop is a link that leads back/,
    ],
  ])('%s', async (_name, args, message) => {
    const { code, stdout, stderr } = await runCommandLine(['reach', ...args()]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr.split('\n')[0]).toMatch(message);
  });

  test('a wrong flag is a usage error', async () => {
    expect((await runCommandLine(['reach', dist, '-o', 'xml'])).code).toBe(2);
    expect((await runCommandLine(['reach', dist, '--platform-cidr', 'x'])).code).toBe(2);
  });
});
