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
      'WAY',
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

  test('two environments of one name are two answers, once it is said which they are', async () => {
    const at = write({
      'a/x.yaml': `${agent}---\n${gateway}`,
      'b/x.yaml': `${agent}---\n${gateway}---\n${route}`,
    });
    const named = ['--env', `a=${at}/a`, '--env', `b=${at}/b`];
    const { stdout } = await runCommandLine(['reach', at, '-o', 'sentences', ...named]);
    expect(stdout).toBe(
      '# a\nagent `triage` may reach nothing\n\n# b\nagent `triage` may reach `api.stripe.com:443` over HTTPS\n',
    );
  });

  test('what environments share belongs to each; one is not there for the other', async () => {
    const at = write({
      'gateway.yaml': gateway,
      'a/x.yaml': agent,
      'b/x.yaml': `${agent}---\n${route}`,
    });
    const named = ['--env', `a=${at}/a`, '--env', `b=${at}/b`];
    const { stdout } = await runCommandLine(['reach', at, '-o', 'json', ...named]);
    const { agents } = JSON.parse(stdout) as { agents: Array<{ folder: string; reaches: unknown[] }> };
    expect(agents.map(({ folder: name, reaches }) => [name, reaches.length])).toEqual([
      ['a', 0],
      ['b', 1],
    ]);
  });

  test('a DaemonAgent is an agent, also of a rule that names agents by labels', async () => {
    const daemon = agent
      .replace('TaskAgent', 'DaemonAgent')
      .replace('name: triage', 'name: steady, labels: {a: b}');
    const chosen = route.replace(
      '{destinationHostnames',
      '{sourceAgents: {matchLabels: {a: b}}, destinationHostnames',
    );
    const at = write({ 'x.yaml': `${agent}---\n${daemon}---\n${gateway}---\n${chosen}` });
    const { stdout, stderr } = await runCommandLine(['reach', at, '-o', 'json']);
    expect(stderr).toBe('');
    const { agents } = JSON.parse(stdout) as { agents: Array<{ agent: string; reaches: unknown[] }> };
    expect(agents.map((each) => [each.agent, each.reaches.length])).toEqual([
      ['DaemonAgent/shop/steady', 1],
      ['TaskAgent/shop/triage', 0],
    ]);
  });

  test('a namespace has the label that the API server gives it, whether it is written down or not', async () => {
    const selected = gateway.replace(
      'protocol: HTTPS',
      'protocol: HTTPS, allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: far}}}}',
    );
    const far = route
      .replace('namespace: shop', 'namespace: far')
      .replace('{name: out}', '{name: out, namespace: shop}');
    const namespace =
      '---\napiVersion: v1\nkind: Namespace\nmetadata: {name: far, labels: {kubernetes.io/metadata.name: lie}}\n';
    for (const more of ['', namespace]) {
      const at = write({ 'x.yaml': `${agent}---\n${selected}---\n${far}${more}` });
      const { stdout } = await runCommandLine(['reach', at, '-o', 'sentences']);
      expect(stdout).toBe('agent `triage` may reach `api.stripe.com:443` over HTTPS\n');
    }
  });
});

test('a namespace without labels has none, and that is known', async () => {
  const selected = gateway.replace(
    'protocol: HTTPS',
    'protocol: HTTPS, allowedRoutes: {namespaces: {from: Selector, selector: {matchExpressions: [{key: env, operator: DoesNotExist}]}}}',
  );
  const bare = '---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n';
  const at = write({ 'x.yaml': `${agent}---\n${selected}---\n${route}${bare}` });
  const { stdout } = await runCommandLine(['reach', at, '-o', 'sentences']);
  expect(stdout).toBe('agent `triage` may reach `api.stripe.com:443` over HTTPS\n');
});

test('a denial whose Backend is not here cannot be decided', async () => {
  const denied = `---
apiVersion: clrk.apoxy.dev/v1alpha1
kind: AIProviderRoute
metadata: {name: denied, namespace: shop}
spec: {parentRefs: [{name: out}], rules: [{matches: [{provider: custom}], backendRefs: [{name: gone}]}]}
---
apiVersion: clrk.apoxy.dev/v1alpha1
kind: EgressDenyPolicy
metadata: {name: no, namespace: shop}
spec: {targetRefs: [{group: clrk.apoxy.dev, kind: AIProviderRoute, name: denied}]}
`;
  const at = write({ 'x.yaml': `${agent}---\n${gateway}---\n${route}${denied}` });
  const { code, stderr } = await runCommandLine(['reach', at]);
  expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringContaining('shop/gone') as string });
});

describe('clrk reach --diff', () => {
  test('against a git revision', async () => {
    const { code, stdout } = await runCommandLine(['reach', dist, '--diff', 'HEAD']);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `+ ${sentence}\n1 added, 0 removed, 0 changed since HEAD\n`,
    });
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
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `+ ${sentence}\n1 added, 0 removed, 0 changed since main\n`,
    });
  });
});

const selecting = gateway.replace(
  'protocol: HTTPS',
  'protocol: HTTPS, allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {team: x}}}}',
);
const bare = (text: string): string => text.replaceAll(', namespace: shop', '');
const far = route
  .replace('namespace: shop', 'namespace: far')
  .replace('{name: out}', '{name: out, namespace: shop}');
const provider = `${header('AIProviderRoute', 'ai')}spec:
  parentRefs: [{name: out}]
  rules: [{matches: [{provider: openai}], backendRefs: [{name: elsewhere}]}]
`;
const credential = `${header('CredentialInjectionPolicy', 'key')}spec:
  targetRefs: [{kind: AIProviderRoute, name: gone}]
  secretRef: {name: s}
  target: Header
  headerName: Authorization
`;

describe('a closed set over half of the manifests is no answer', () => {
  const kinds: ReadonlyArray<[string, string, RegExp]> = [
    [
      'a gateway of another repository',
      agent,
      /EgressGateway shop\/out does not exist\. Give the manifests of both/,
    ],
    ['a route of a gateway that is elsewhere', route, /EgressGateway shop\/out is not in these manifests/],
    ['a Backend that is elsewhere', `${gateway}---\n${provider}`, /Backend shop\/elsewhere does not exist/],
    [
      'a policy whose target is elsewhere',
      `${gateway}---\n${credential}`,
      /AIProviderRoute shop\/gone does not exist/,
    ],
    [
      'labels that nobody wrote down',
      `${selecting}---\n${far}`,
      /labels of far are not here. Add the manifest of Namespace far/,
    ],
    [
      'agents without a namespace',
      bare(`${agent}---\n${gateway}`),
      /TaskAgent triage names no namespace, and 1 more objects .* -n NAMESPACE/,
    ],
    ['a document that cannot be read', `${gateway}---\na: [1\n`, /x\.yaml:\d+:\d+: /],
    ['a document that begins in the line of its separator', `${gateway}--- {a: 1}\n`, /begins with ---/],
  ];

  test.each(kinds)(
    '%s: 3, what and what to do; --assume-partial says it in every format',
    async (_, text, words) => {
      const at = write({ 'x.yaml': text });
      const { code, stdout, stderr } = await runCommandLine(['reach', at]);
      expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
      expect(stderr).toMatch(words);
      for (const format of ['table', 'sentences']) {
        const partial = await runCommandLine(['reach', at, '-o', format, '--assume-partial']);
        expect(partial.code).toBe(0);
        expect(partial.stdout).toMatch(/^partial \(--assume-partial\): /m);
        expect(partial.stdout).toMatch(words);
      }
      const { stdout: json } = await runCommandLine(['reach', at, '-o', 'json', '--assume-partial']);
      const report = JSON.parse(json) as { partial: boolean; unseen: string[] };
      expect(report.partial).toBe(true);
      expect(report.unseen.join('\n')).toMatch(words);
    },
  );

  test.each(kinds)('%s: on either side of a diff', async (_, text, words) => {
    const [whole, half] = [write({ 'x.yaml': `${agent}---\n${gateway}` }), write({ 'x.yaml': text })];
    for (const [head, base] of [
      [whole, half],
      [half, whole],
    ] as const) {
      const { code, stdout, stderr } = await runCommandLine(['reach', head, '--diff', base]);
      expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
      expect(stderr).toMatch(words);
      const partial = await runCommandLine(['reach', head, '--diff', base, '--assume-partial', '-o', 'json']);
      expect(JSON.parse(partial.stdout)).toMatchObject({
        partial: true,
        unseen: [expect.stringMatching(words)],
      });
    }
  });

  test('-n says where what names no namespace goes', async () => {
    const at = write({ 'x.yaml': bare(`${agent}---\n${gateway}---\n${route}`) });
    const { code, stdout } = await runCommandLine(['reach', at, '-n', 'shop', '-o', 'json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      partial: false,
      agents: [{ agent: 'TaskAgent/shop/triage' }],
    });
  });

  test('gateways without any agent are for agents of somebody else', async () => {
    const at = write({ 'x.yaml': `${gateway}---\n${route}` });
    for (const more of [[], ['--diff', write({ 'x.yaml': gateway })]]) {
      const { code, stderr } = await runCommandLine(['reach', at, ...more]);
      expect([code, stderr]).toEqual([3, expect.stringContaining('there are no agents in')]);
      expect((await runCommandLine(['reach', at, '--assume-partial', ...more])).code).toBe(0);
    }
    const first = await runCommandLine(['reach', dist, '--diff', at, '--fail-on-added']);
    expect(first.code).toBe(1);
  });

  test('an environment that is not there', async () => {
    const { code, stderr } = await runCommandLine(['reach', dist, '--env', `a=${dist}/gone`]);
    expect([code, stderr]).toEqual([3, expect.stringContaining('--env a: there is no')]);
  });

  test('two folders with different objects of one name are told apart by a person', async () => {
    const other = gateway.replace('HTTPS', 'TCP');
    const at = write({ 'a/x.yaml': `${agent}---\n${gateway}`, 'b/x.yaml': other });
    writeFileSync(join(at, 'a/kustomization.yaml'), 'resources: [x.yaml]\n');
    const { code, stderr } = await runCommandLine(['reach', at]);
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /EgressGateway shop\/out is also in .*two environments, or one too many.*--env one=/,
    );
  });
});

describe('a git revision is all of what it was', () => {
  const commit = (
    name: string,
    files: Readonly<Record<string, string>>,
    more = (): void => undefined,
  ): string => {
    const at = join(folder, name);
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(join(at, file, '..'), { recursive: true });
      writeFileSync(join(at, file), text);
    }
    more();
    git('add', name);
    git('commit', '-q', '-m', name);
    return at;
  };

  test('kustomizations with bases beside them, generators and hidden files', async () => {
    const at = commit('tree', {
      'base/kustomization.yaml': 'resources: [x.yaml]\n',
      'base/x.yaml': `${agent}---\n${gateway}`,
      'over/kustomization.yaml': 'resources: [../base]\nconfigMapGenerator: [{name: c, files: [text.txt]}]\n',
      'over/text.txt': 'not a manifest by its name',
    });
    writeFileSync(join(at, 'over/more.yaml'), route);
    writeFileSync(join(at, 'over/kustomization.yaml'), 'resources: [../base, more.yaml]\n');
    const { code, stdout, stderr } = await runCommandLine(['reach', join(at, 'over'), '--diff', 'HEAD']);
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: `+ ${sentence}\n1 added, 0 removed, 0 changed since HEAD\n`,
      stderr: '',
    });
  });

  test('links that stay inside are followed, others and what archives leave out are told', async () => {
    const at = commit('links', { 'x.yaml': `${agent}---\n${gateway}`, 'other/route.txt': route }, () =>
      symlinkSync('other/route.txt', join(folder, 'links/route.yaml')),
    );
    expect((await runCommandLine(['reach', at, '--diff', 'HEAD'])).stdout).toBe(
      'reach is the same as in HEAD\n',
    );
    commit('links', { '.gitattributes': 'x.yaml export-ignore\n' }, () =>
      symlinkSync('/etc/hostname', join(folder, 'links/out.yaml')),
    );
    const { code, stderr } = await runCommandLine(['reach', at, '--diff', 'HEAD']);
    expect(code).toBe(3);
    expect(stderr).toMatch(/in HEAD: out\.yaml is a link that leads out/);
    expect(stderr).toMatch(/in HEAD: x\.yaml is a link that leads out, or kept out of archives/);
  });

  test('what is wrong there is told by the revision and its path', async () => {
    const at = commit('wrong', { 'x.yaml': 'a: [1\n' });
    writeFileSync(join(at, 'x.yaml'), `${agent}---\n${gateway}`);
    const { code, stderr } = await runCommandLine(['reach', at, '--diff', 'HEAD']);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^error: in HEAD: x\.yaml:\d+:\d+: /);
  });

  test('environments are the same paths there', async () => {
    const at = commit('envs', {
      'a/x.yaml': `${agent}---\n${gateway}`,
      'b/x.yaml': `${agent}---\n${gateway}`,
    });
    writeFileSync(join(at, 'b/route.yaml'), route);
    const named = ['--env', `a=${at}/a`, '--env', `b=${at}/b`];
    const { stdout } = await runCommandLine(['reach', at, '--diff', 'HEAD', '-o', 'json', ...named]);
    expect(JSON.parse(stdout)).toMatchObject({ added: 1, changes: [{ folder: 'b' }] });
    const outside = await runCommandLine(['reach', at, '--diff', 'HEAD', '--env', `a=${folder}/else`]);
    expect([outside.code, outside.stderr]).toEqual([3, expect.stringContaining('is not below')]);
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

describe('clrk reach --within', () => {
  const boundary = (text: string): string => {
    const file = join(mkdtempSync(join(folder, 'boundary-')), 'boundary.yaml');
    writeFileSync(file, text);
    return file;
  };

  test.each([
    ['inside', 'version: 1\nrows: [{ destinations: [api.stripe.com], ports: [443] }]', 0, 'within'],
    [
      'outside',
      'version: 1\nrows: [{ destinations: [api.stripe.com], ports: [443], methods: [GET] }]',
      1,
      'can reach `api.stripe.com:443` over HTTPS: `POST /`',
    ],
    ['unreadable', 'version: 1\nrows: [{ hosts: [api.stripe.com] }]', 3, ''],
  ])('%s', async (_name, text, expected, said) => {
    const { code, stdout, stderr } = await runCommandLine(['reach', dist, '--within', boundary(text)]);
    expect(code).toBe(expected);
    expect(stdout).toContain(said);
    if (expected === 3) expect(stderr).toContain('has a field "hosts"');
  });

  test('as data: the verdict and all that is known of the counterexample; what it cannot be written as is refused', async () => {
    const inside = boundary('version: 1\nrows: [{ destinations: [api.stripe.com], ports: [443] }]');
    const run = async (file: string, format: string) =>
      await runCommandLine(['reach', dist, '--within', file, '-o', format]);
    const contained = await run(inside, 'json');
    expect(contained.code).toBe(0);
    expect(JSON.parse(contained.stdout)).toEqual({ version: 1, within: true, boundary: inside });
    const outside = await run(boundary('version: 1\nrows: []'), 'json');
    expect(outside.code).toBe(1);
    expect(JSON.parse(outside.stdout)).toMatchObject({
      within: false,
      counterexample: { host: 'api.stripe.com', port: 443, protocol: 'HTTPS', call: { path: '/' } },
    });
    expect((await run(inside, 'markdown')).code).toBe(2);
  });

  test('a file that is not there is undecided, and --diff is another question', async () => {
    expect((await runCommandLine(['reach', dist, '--within', join(folder, 'none.yaml')])).code).toBe(3);
    const both = ['reach', dist, '--within', boundary('version: 1\nrows: []'), '--diff', 'HEAD'];
    expect((await runCommandLine(both)).code).toBe(2);
  });
});

test('clrk reach --fail-on-changed: 1 where a call goes another way', async () => {
  const other = gateway.replace('spec: {', 'spec: {requestTimeout: 10s, ');
  const before = write({ 'x.yaml': `${agent}---\n${gateway}---\n${route}` });
  const after = write({ 'x.yaml': `${agent}---\n${other}---\n${route}` });
  const run = async (...flags: string[]) =>
    await runCommandLine(['reach', after, '--diff', before, ...flags]);
  expect(await run('--fail-on-added')).toMatchObject({ code: 0 });
  const { code, stdout } = await run('--fail-on-changed');
  expect(code).toBe(1);
  expect(stdout).toContain('~ agent `triage` goes another way to `api.stripe.com:443`');
});
