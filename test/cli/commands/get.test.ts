import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { invocationFixture, invocationId } from '../invocation-fixture.ts';
import { discovery, json, StandInServer, status } from '../stand-in-server.ts';

const server = new StandInServer();
beforeAll(() => server.start());
afterAll(() => server.stop());
beforeEach(() => {
  server.reset();
  server.on('GET /apis/clrk.apoxy.dev/v1alpha1', json(discovery));
});

const root = '/apis/clrk.apoxy.dev/v1alpha1';
const table = {
  kind: 'Table',
  metadata: { resourceVersion: '7' },
  columnDefinitions: [
    { name: 'Name', type: 'string', priority: 0 },
    { name: 'Ready', type: 'string', priority: 0 },
    { name: 'Image', type: 'string', priority: 1 },
    { name: 'Age', type: 'date', priority: 0 },
  ],
  rows: [
    { cells: ['hello', 'True', 'x:1', '5m'], object: { metadata: { name: 'hello', namespace: 'team' } } },
  ],
};
const hello = { metadata: { name: 'hello', namespace: 'team', managedFields: [{}] }, spec: { image: 'yes' } };

describe('clrk get', () => {
  test('shows the server’s own columns, in the namespace of the context', async () => {
    server.on(`GET ${root}/namespaces/team/taskagents`, json(table));
    expect(await server.run(['get', 'ta'])).toEqual({
      code: 0,
      stdout: 'NAME    READY   AGE\nhello   True    5m\n',
      stderr: '',
    });
    expect(server.received.at(-1)?.headers).toMatchObject({
      accept: expect.stringContaining('as=Table') as string,
      authorization: 'Bearer user-token',
    });
  });

  test('-o wide, -A and -n', async () => {
    server.on(`GET ${root}/taskagents`, json(table));
    const all = await server.run(['get', 'taskagents', '-A', '-o', 'wide']);
    expect(all.stdout).toBe(
      'NAMESPACE   NAME    READY   IMAGE   AGE\nteam        hello   True    x:1     5m\n',
    );
    server.on(`GET ${root}/namespaces/other/taskagents`, json({ ...table, rows: null }));
    const none = await server.run(['get', 'ta', '-n', 'other']);
    expect(none).toEqual({ code: 0, stdout: '', stderr: 'No resources found in other namespace.\n' });
  });

  test('pages are followed', async () => {
    server.on(`GET ${root}/namespaces/team/taskagents`, (response, request) => {
      const more = request.query.get('continue') === null ? 'next' : '';
      const row = { cells: [`a-${more}`, 'True', '', '1s'], object: { metadata: { name: 'x' } } };
      return json({ ...table, metadata: { continue: more }, rows: [row] })(response, request);
    });
    const { stdout } = await server.run(['get', 'ta', '-l', 'app=x']);
    expect(stdout.split('\n')).toHaveLength(4);
    expect(
      server.received.slice(1).map((each) => [each.query.get('continue'), each.query.get('labelSelector')]),
    ).toEqual([
      [null, 'app=x'],
      ['next', 'app=x'],
    ]);
  });

  test('several kinds: names tell which, empty kinds are left out', async () => {
    server.on(`GET ${root}/namespaces/team/taskagents`, json(table));
    server.on(`GET ${root}/namespaces/team/workerpools`, json({ ...table, rows: [] }));
    const { stdout } = await server.run(['get', 'clrk']);
    expect(stdout.split('\n').map((line) => line.split(/ +/))).toEqual([
      ['NAME', 'READY', 'AGE'],
      ['taskagent.clrk.apoxy.dev/hello', 'True', '5m'],
      [''],
    ]);
  });

  test('-o json, yaml and name', async () => {
    server.on(
      `GET ${root}/namespaces/team/taskagents`,
      json({ kind: 'TaskAgentList', apiVersion: 'clrk.apoxy.dev/v1alpha1', metadata: {}, items: [hello] }),
    );
    server.on(
      `GET ${root}/namespaces/team/taskagents/hello`,
      json({ apiVersion: 'clrk.apoxy.dev/v1alpha1', kind: 'TaskAgent', ...hello }),
    );
    const list = JSON.parse((await server.run(['get', 'ta', '-o', 'json'])).stdout) as {
      kind: string;
      items: unknown[];
    };
    expect(list).toMatchObject({
      kind: 'List',
      items: [{ kind: 'TaskAgent', apiVersion: 'clrk.apoxy.dev/v1alpha1' }],
    });
    const { stdout } = await server.run(['get', 'ta/hello', '-o', 'yaml']);
    expect(stdout).toContain('kind: TaskAgent\n');
    expect(stdout).toContain('image: "yes"\n');
    expect(stdout).not.toContain('managedFields');
    expect((await server.run(['get', 'ta', '-o', 'name'])).stdout).toBe('taskagent.clrk.apoxy.dev/hello\n');
  });

  test('a watch shows later rows without the header and ends by Ctrl-C', async () => {
    const interrupt = new AbortController();
    server.on(`GET ${root}/namespaces/team/taskagents`, (response, request) => {
      if (request.query.get('watch') !== 'true') return json(table)(response, request);
      const row = { cells: ['hello', 'False', '', '6m'], object: { metadata: { name: 'hello' } } };
      response.write(
        `${JSON.stringify({ type: 'MODIFIED', object: { kind: 'Table', metadata: { resourceVersion: '8' }, columnDefinitions: null, rows: [row] } })}\n`,
      );
      setTimeout(() => interrupt.abort(), 200);
    });
    const { stdout } = await server.run(['get', 'ta', '-w'], { interrupt: interrupt.signal });
    expect(stdout).toBe('NAME    READY   AGE\nhello   True    5m\nhello   False   6m\n');
    expect(server.received.at(-1)?.query.get('resourceVersion')).toBe('7');
  });

  test.each([
    ['an object that is not there', ['get', 'ta', 'gone'], 3],
    ['a kind that is not there', ['get', 'tsakagents'], 3],
    ['a format that is not there', ['get', 'ta', '-o', 'xml'], 2],
    ['a name and -A', ['get', 'ta', 'x', '-A'], 2],
    ['no kind', ['get'], 2],
    ['an unknown flag', ['get', 'ta', '--wtach'], 2],
  ])('%s: exit code', async (_, words, code) => {
    const result = await server.run(words);
    expect(result.code).toBe(code);
    expect(result.stdout).toBe('');
    expect(result.stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(3);
  });

  test('denied: 4; the server busy or away: 1; the message is the server’s', async () => {
    server.on(`GET ${root}/namespaces/team/taskagents`, status(403, 'taskagents is forbidden'));
    expect(await server.run(['get', 'ta'])).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('taskagents is forbidden (DENIED)') as string,
    });
    const said =
      'invocations.telemetry.clrk.apoxy.dev is forbidden: User "ann" cannot list resource "invocations"';
    for (const [message, role] of [
      [said, 'clrk-viewer'],
      [said.replaceAll('invocations.telemetry', 'taskagentmetrics.metrics'), 'clrk-viewer'],
      ['taskagents.clrk.apoxy.dev is forbidden', 'clrk-view, or clrk-edit'],
      ['approvals.clrk.apoxy.dev "ask-1" is forbidden', 'clrk-approver'],
      ['services "clrk-ingress" is forbidden', 'this right'],
      ['pods is forbidden: no right in the namespace "clrk-system"', 'this right in namespace clrk-system'],
      ['pods is forbidden at the cluster scope', 'this right for the whole cluster'],
    ] as const) {
      server.on(`GET ${root}/namespaces/team/taskagents`, status(403, message));
      expect((await server.run(['get', 'ta'])).stderr).toContain(
        `Ask for ${role.startsWith('this right') ? '' : 'the ClusterRole '}${role}`,
      );
    }
    server.on(`GET ${root}/namespaces/team/taskagents`, status(500, 'etcd is away'));
    expect((await server.run(['get', 'ta'])).code).toBe(1);
    const dead = await server.run(['get', 'ta', '--kubeconfig', '/nonexistent']);
    expect(dead).toMatchObject({ code: 1, stderr: expect.stringContaining('KUBECONFIG_INVALID') as string });
  });
});

describe('clrk get invocations', () => {
  const proxy = '/api/v1/namespaces/clrk-system/services/https:clrk-telemetry:8097/proxy';
  const secret = { data: { 'telemetry-reader': Buffer.from('reader').toString('base64') } };
  const lines = (...objects: readonly unknown[]): string =>
    objects.map((each) => `${JSON.stringify(each)}\n`).join('');

  beforeEach(() => {
    server.on('GET /api/v1/namespaces/clrk-system/secrets/clrk-platform-auth', json(secret));
  });

  test('come from telemetry through the service proxy, with the reader token in its own header', async () => {
    const body = lines(invocationFixture({ phase: 'Succeeded', httpStatus: 200, exitCode: 0, totalMs: 12 }));
    server.on(`GET ${proxy}/v1/namespaces/team/invocations`, (response) => void response.end(body));
    const { code, stdout } = await server.run(['get', 'inv']);
    expect(code).toBe(0);
    expect(stdout).toContain(`${invocationId}   taskagent/hello   HTTP      Succeeded   200`);
    expect(server.received.at(-1)?.headers['x-clrk-authorization']).toMatch(/^Bearer clrkr1\./);
  });

  test('flags become the query; pages are asked for up to the limit, and a cut is said', async () => {
    server.on(`GET ${proxy}/v1/namespaces/team/invocations`, (response) => {
      response.setHeader('x-clrk-continue', 'more');
      response.end(lines(invocationFixture({ phase: 'Failed' })));
    });
    const flags = ['--limit', '2', '--phase', 'Failed,Timeout', '--agent', 'hello', '--since', '1h'];
    const { code, stderr } = await server.run(['get', 'invocations', ...flags]);
    expect(code).toBe(0);
    expect(Object.fromEntries(server.received.at(-1)?.query ?? [])).toMatchObject({
      phase: 'Failed,Timeout',
      agent: 'hello',
      limit: '1',
      continue: 'more',
    });
    expect(stderr).toContain('there are older ones');
    expect((await server.run(['get', 'ta', '--phase', 'Failed'])).code).toBe(2);
    expect((await server.run(['get', 'inv', '--limit', '0'])).code).toBe(2);
  });

  test('by id, as YAML; unknown: exit code 3', async () => {
    const path = `GET ${proxy}/v1/namespaces/team/invocations/${invocationId}`;
    server.on(path, (response) => void response.end(lines(invocationFixture({ phase: 'Failed' }))));
    expect((await server.run(['get', `inv/${invocationId}`, '-o', 'yaml'])).stdout).toContain(
      'phase: Failed',
    );
    server.routes.delete(path);
    expect((await server.run(['get', 'invocations', invocationId])).code).toBe(3);
  });
});
