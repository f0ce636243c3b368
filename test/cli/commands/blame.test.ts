/** `clrk blame` as a person runs it: on a git repository, with the records of a cluster. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { contentOf } from '../../../cli/blame/history.ts';
import { compileManifests } from '../../../operator/index.ts';
import { fixedId, json, StandInServer } from '../stand-in-server.ts';

const server = new StandInServer();
const folder = mkdtempSync(join(tmpdir(), 'clrk-blame-test-'));
const dist = join(folder, 'dist');

const header = (kind: string, name: string) =>
  `apiVersion: clrk.apoxy.dev/v1alpha1\nkind: ${kind}\nmetadata: {name: ${name}, namespace: team}\n`;
const agent = (image: string) => `${header('TaskAgent', 'hello')}spec:
  workerPoolRef: pool
  template: {spec: {image: 'example.com/hello:${image}'}}
  egressRefs: [{gatewayRef: out}]
---
${header('EgressGateway', 'out')}spec: {listeners: [{name: tls, protocol: HTTPS}]}
`;
const route = (name: string, host: string) => `${header('EgressL4Route', name)}spec:
  parentRefs: [{name: out}]
  rules: [{matches: [{destinationHostnames: [${host}], ports: [{port: 443}]}]}]
`;

const git = (...args: string[]): string =>
  execFileSync('git', ['-C', folder, '-c', 'user.name=Ann', '-c', 'user.email=ann@example.com', ...args], {
    encoding: 'utf8',
  }).trim();

interface Step {
  readonly hash: string;
  readonly digest: string;
}

/** The one gateway's, as the folder is now. */
function digestNow(): string {
  const compile = (objects: Parameters<typeof compileManifests>[0]) => compileManifests(objects, []);
  const { gateways } = contentOf(dist, { path: dist, compile, assumePartial: true, namespace: undefined });
  return [...gateways.keys()].join();
}

function commit(subject: string, files: Readonly<Record<string, string>>): Step {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dist, name), text);
  git('add', '-A');
  git('commit', '-q', '-m', subject);
  return { hash: git('rev-parse', 'HEAD').slice(0, 12), digest: digestNow() };
}

const steps: Record<string, Step> = {};
const spans = (digest: string, ...routes: readonly string[]): string =>
  routes
    .map((each, place) =>
      JSON.stringify({
        ...{ traceId: 't', spanId: String(place), name: 'egress', start: '2026-11-23T10:00:00Z' },
        attributes: {
          ...{ 'http.request.method': 'POST', 'server.address': `${place}.example.com`, 'url.path': '/x' },
          ...{ 'clrk.decision': 'allow', 'clrk.policy.digest': digest, 'clrk.decision.route': each },
        },
      }),
    )
    .map((line) => `${line}\n`)
    .join('');
const tracesPath =
  'GET /api/v1/namespaces/clrk-system/services/https:clrk-telemetry:8097/proxy/v1/namespaces/team/taskagents/hello/traces';

beforeAll(async () => {
  await server.start();
  mkdirSync(dist);
  git('init', '-q', '-b', 'main');
  steps['first'] = commit('begin', { 'agent.yaml': agent('1') });
  steps['opened'] = commit('open stripe\u001b[2J', { 'web.yaml': route('web', 'api.stripe.com') });
  steps['image'] = commit('another image', { 'agent.yaml': agent('2') });
  steps['more'] = commit('open more', { 'more.yaml': route('more', 'more.example.com') });
  steps['widened'] = commit('open all of stripe', { 'web.yaml': route('web', "'*.stripe.com'") });
  // The same route once more, under another policy: who wrote it later did not let the earlier call through.
  steps['again'] = commit('narrow again', {
    'web.yaml': route('web', 'api.stripe.com'),
    'third.yaml': route('third', 'third.example.com'),
  });
}, 60_000);
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  server.reset();
  const secret = { data: { 'telemetry-reader': Buffer.from('reader').toString('base64') } };
  server.on('GET /api/v1/namespaces/clrk-system/secrets/clrk-platform-auth', json(secret));
});

const blame = (what: string, ...more: readonly string[]) => server.run(['blame', what, dist, ...more]);

test('a digest: since which commit it is in force, whatever else was committed meanwhile', async () => {
  const { digest } = steps['opened']!;
  expect(steps['image']!.digest).toBe(digest);
  const { code, stdout, stderr } = await blame(digest);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain(`${digest} of EgressGateway/team/out`);
  expect(stdout).toContain(`since ${steps['opened']!.hash}`);
});

test('an invocation: by route, place, and the commit that wrote the route as it was then', async () => {
  const { digest } = steps['more']!;
  for (const kind of ['taskagents', 'egressgateways', 'egressl4routes'])
    server.on(`GET /apis/clrk.apoxy.dev/v1alpha1/namespaces/team/${kind}`, json({ items: [] }));
  const resources = ['TaskAgent', 'EgressGateway', 'EgressL4Route'].map((kind) => ({
    ...{ kind, name: `${kind.toLowerCase()}s`, namespaced: true, verbs: ['list'] },
  }));
  server.on('GET /apis/clrk.apoxy.dev/v1alpha1', json({ resources }));
  server.on(
    tracesPath,
    (response) =>
      void response.end(
        spans(digest, 'EgressL4Route/team/web', 'EgressL4Route/team/more', 'EgressL4Route/team/web'),
      ),
  );
  const { code, stdout, stderr } = await blame(`hello/${fixedId}`, '-o', 'json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject([
    {
      route: 'EgressL4Route/team/web',
      calls: ['POST 0.example.com/x', 'POST 2.example.com/x'],
      manifest: 'web.yaml:1:1',
      writtenBy: { subject: 'open stripe\u001b[2J', author: 'Ann', orBefore: false },
      inForceSince: { subject: 'open more', orBefore: false },
    },
    {
      route: 'EgressL4Route/team/more',
      manifest: 'more.yaml:1:1',
      writtenBy: { subject: 'open more' },
    },
  ]);
});

test('S50: on a terminal what a commit says is shown, not obeyed', async () => {
  const result = await server.run(['blame', steps['opened']!.digest, dist], { terminal: true });
  expect(result.stdout).toContain('open stripe?[2J');
});

test.each([
  ['a policy of nobody', () => `sha256:${'0'.repeat(64)}`, [], 'none of the 6 commits'],
  [
    'one that is older than what may be looked at',
    () => steps['first']!.digest,
    ['--commits', '2'],
    'none of the 2 commits',
  ],
])('%s: nothing is guessed, and 3', async (_title, digest, flags, said) => {
  const { code, stdout, stderr } = await blame(digest(), ...flags);
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  expect(stderr).toContain(said);
  expect(stderr).toContain('BLAME_NOT_FOUND');
});

test('the oldest commit that was looked at may not be the first', async () => {
  const { stdout } = await blame(steps['image']!.digest, '--commits', '4');
  expect(stdout).toContain(`since ${steps['image']!.hash}`);
  expect(stdout).toContain('(or before: no older commit was looked at)');
});

test('of a history that was seen whole, the first commit is the first', async () => {
  const { stdout } = await blame(steps['first']!.digest);
  expect(stdout).toContain(`since ${steps['first']!.hash}`);
  expect(stdout).not.toContain('or before');
});

test('a shallow clone does not know what was before its oldest commit', async () => {
  const clone = mkdtempSync(join(tmpdir(), 'clrk-blame-shallow-'));
  try {
    git('clone', '-q', '--depth', '1', `file://${folder}`, clone);
    const { stdout } = await server.run(['blame', steps['again']!.digest, join(clone, 'dist')]);
    expect(stdout).toContain('(or before: no older commit was looked at)');
  } finally {
    rmSync(clone, { recursive: true });
  }
});

test('manifests that nobody has committed say so', async () => {
  writeFileSync(join(dist, 'later.yaml'), route('later', 'later.example.com'));
  try {
    const { code, stdout } = await blame(digestNow());
    expect(code).toBe(0);
    expect(stdout).toContain('of manifests that are not committed');
  } finally {
    rmSync(join(dist, 'later.yaml'));
  }
});

test('what is configured beside makes git run no program, and say nothing that is taken for a commit', async () => {
  const ran = join(folder, '.git', 'ran');
  const program = join(folder, '.git', 'program.sh');
  writeFileSync(program, `#!/bin/sh\necho "$@" >>'${ran}'\necho 'gpg: all is well'\n`, { mode: 0o755 });
  const head = git('rev-parse', 'HEAD');
  const signed = git('cat-file', 'commit', head).replace(
    /^(committer .*)$/m,
    '$1\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n iQ\n -----END PGP SIGNATURE-----',
  );
  writeFileSync(join(folder, '.git', 'signed'), `${signed}\n`);
  git('update-ref', 'HEAD', git('hash-object', '-t', 'commit', '-w', join(folder, '.git', 'signed')));
  const settings = { 'log.showSignature': 'true', 'gpg.program': program, 'core.fsmonitor': program };
  for (const [name, value] of Object.entries(settings)) git('config', name, value);
  try {
    const { stdout } = await blame(steps['again']!.digest);
    expect(stdout).toContain(`since ${git('rev-parse', 'HEAD').slice(0, 12)}`);
    expect(existsSync(ran)).toBe(false);
  } finally {
    for (const name of Object.keys(settings)) git('config', '--unset', name);
    git('update-ref', 'HEAD', head);
  }
});

test('the line of TypeScript, where synth has left a note and the route is still as it was', async () => {
  const entry = { kind: 'EgressL4Route', namespace: 'team', name: 'more', construct: 'app/more' };
  const objects = [{ ...entry, file: 'main.ts', line: 7, column: 3 }];
  writeFileSync(join(dist, 'clrk-sources.json'), JSON.stringify({ version: 1, objects }));
  server.on(
    tracesPath,
    (response) => void response.end(spans(steps['more']!.digest, 'EgressL4Route/team/more')),
  );
  server.on('GET /apis/clrk.apoxy.dev/v1alpha1', json({ resources: [] }));
  try {
    const { stdout } = await blame(`hello/${fixedId}`);
    expect(stdout).toMatch(/source +main\.ts:7:3 \(app\/more\)/);
  } finally {
    rmSync(join(dist, 'clrk-sources.json'));
  }
});

test.each([
  ['an agent without a call', ['blame', 'hello', dist], 2, 'neither NAME/INVOCATION nor a whole digest'],
  ['half a digest', ['blame', 'sha256:abc', dist], 2, 'nor a whole digest'],
  ['no commit at all', ['blame', `sha256:${'0'.repeat(64)}`, dist, '--commits', '0'], 2, '1 to 10000'],
  [
    'more commits than are looked at',
    ['blame', `sha256:${'0'.repeat(64)}`, dist, '--commits', '10001'],
    2,
    '1 to 10000',
  ],
  ['a folder outside git', ['blame', `sha256:${'0'.repeat(64)}`, '/proc/self/fdinfo'], 3, 'HISTORY_MISSING'],
  ['an output that is none', ['blame', `sha256:${'0'.repeat(64)}`, dist, '-o', 'xml'], 2, 'no output format'],
])('%s is refused', async (_title, words, code, said) => {
  const result = await server.run(words);
  expect(result.code).toBe(code);
  expect(result.stderr).toContain(said);
});

test('a call that was let through by nobody is not found', async () => {
  server.on(tracesPath, (response) => void response.end(''));
  const { code, stderr } = await blame(`hello/${fixedId}`);
  expect(code).toBe(3);
  expect(stderr).toContain('no call of');
});
