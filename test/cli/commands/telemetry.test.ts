import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { checkReaderToken } from '../../../contract/index.ts';
import { invocationFixture } from '../invocation-fixture.ts';
import { fixedId, json, StandInServer } from '../stand-in-server.ts';

const server = new StandInServer();
beforeAll(() => server.start());
afterAll(() => server.stop());
beforeEach(() => {
  server.reset();
  const secret = { data: { 'telemetry-reader': Buffer.from('reader').toString('base64') } };
  server.on('GET /api/v1/namespaces/clrk-system/secrets/clrk-platform-auth', json(secret));
});

const agentRoot =
  'GET /api/v1/namespaces/clrk-system/services/https:clrk-telemetry:8097/proxy/v1/namespaces/team/taskagents/hello';
const lines = (...objects: readonly unknown[]): string =>
  objects.map((each) => `${JSON.stringify(each)}\n`).join('');
const log = (second: number, body: string, cursor = String(second)) => ({
  cursor,
  timestamp: `2026-11-23T10:00:0${second}.000000000Z`,
  severity: 'INFO',
  body,
  component: 'agent-runner',
  iostream: 'stdout',
});
const query = () => Object.fromEntries(server.received.at(-1)?.query ?? []);

describe('clrk logs', () => {
  test('prints bodies; flags become the query', async () => {
    server.on(`${agentRoot}/logs`, (response) => void response.end(lines(log(1, 'one\n'), log(2, 'two'))));
    const result = await server.run([
      'logs',
      `hello/${fixedId}`,
      '--since',
      '10m',
      '--tail',
      '5',
      '--iostream',
      'stdout',
      '--timestamps',
    ]);
    expect(result).toEqual({
      code: 0,
      stdout: '2026-11-23T10:00:01.000000000Z one\n2026-11-23T10:00:02.000000000Z two\n',
      stderr: '',
    });
    expect(query()).toEqual({
      invocation: fixedId,
      since: '2026-11-23T09:51:00.000Z',
      limit: '5',
      iostream: 'stdout',
    });
  });

  test('S50: on a terminal an agent’s escape sequences are shown, not obeyed; a pipe gets the bytes', async () => {
    server.on(`${agentRoot}/logs`, (response) => void response.end(lines(log(1, '\u001b[2Ja\tb'))));
    expect((await server.run(['logs', 'hello'], { terminal: true })).stdout).toBe('?[2Ja\tb\n');
    expect((await server.run(['logs', 'hello'])).stdout).toBe('\u001b[2Ja\tb\n');
    expect((await server.run(['logs', 'hello', '-o', 'json'])).stdout).toBe(lines(log(1, '\u001b[2Ja\tb')));
  });

  test('a call of the gateway is shown with host, decision and reason; an agent’s line as it is', async () => {
    const denied = {
      ...{ ...log(1, 'egress call denied'), component: 'egress' },
      attributes: {
        'http.request.method': 'POST',
        'server.address': 'api.openai.com',
        'url.path': '/v1/chat',
        'clrk.decision': 'deny',
        'clrk.egress.deny_reason': 'model',
      },
    };
    server.on(`${agentRoot}/logs`, (response) => void response.end(lines(denied, log(2, 'two'))));
    const { stdout } = await server.run(['logs', 'hello']);
    expect(stdout).toBe('egress call denied  POST api.openai.com/v1/chat  denied: model\ntwo\n');
  });

  test.each(['logs', 'traces'])('%s of a name that is none: exit 3 and the nearest names', async (what) => {
    const agents = 'GET /apis/clrk.apoxy.dev/v1alpha1/namespaces/team/taskagents';
    const items = ['hello', 'jello', 'summarize'].map((name) => ({ metadata: { name } }));
    server.on(agents, json({ items }));
    const root = agentRoot.replace(/hello$/, 'helo');
    server.on(`${root}/${what}`, (response) => void response.end());
    const result = await server.run([what, 'helo']);
    expect(result.code).toBe(3);
    expect(result.stderr).toBe(
      'error: there is no TaskAgent "helo" in namespace team (NOT_FOUND)\n' +
        '  Did you mean hello or jello? List them with `clrk get taskagents -n team`.\n',
    );
    // One that is there and has said nothing is no mistake, nor is one of many that a list does not hold.
    server.on(agents, json({ items: [{ metadata: { name: 'helo' } }] }));
    expect((await server.run([what, 'helo'])).code).toBe(0);
    server.on(agents, json({ metadata: { continue: 'more' }, items }));
    expect((await server.run([what, 'helo'])).code).toBe(3);
    server.on(`${agents}/helo`, json({ metadata: { name: 'helo' } }));
    expect((await server.run([what, 'helo'])).code).toBe(0);
  });

  test('-f follows on after a cut without losing or repeating a line', async () => {
    const interrupt = new AbortController();
    let call = 0;
    server.on(`${agentRoot}/logs`, (response) => {
      call += 1;
      if (call === 1)
        return void response.write(lines(log(1, 'one'), log(2, 'two')), () => response.destroy());
      response.write(lines(log(1, 'one'), log(2, 'two'), log(1, 'late', '12'), log(3, 'three', '13')));
      setTimeout(() => interrupt.abort(), 200);
    });
    const result = await server.run(['logs', 'hello', '-f'], { interrupt: interrupt.signal });
    expect(result.stdout).toBe('one\ntwo\nlate\nthree\n');
    expect(query()).toMatchObject({ follow: 'true', after: '2' });
  });

  test('what is left out is said; --tail asks page after page, and prints them in order', async () => {
    server.on(`${agentRoot}/logs`, (response) => {
      const isFirst = !server.received.at(-1)?.query.has('continue');
      if (isFirst) response.setHeader('x-clrk-continue', 'older');
      response.end(lines(...(isFirst ? [log(3, 'three'), log(4, 'four')] : [log(1, 'one'), log(2, 'two')])));
    });
    const short = await server.run(['logs', 'hello', '--tail', '2']);
    expect(short.stdout).toBe('three\nfour\n');
    expect(short.stderr).toContain('there are older ones');
    const whole = await server.run(['logs', 'hello', '--tail', '4']);
    expect(whole).toMatchObject({ stdout: 'one\ntwo\nthree\nfour\n', stderr: '' });
  });

  test('each request shows a token for its own namespace, or the one that was given', async () => {
    server.on(`${agentRoot}/logs`, (response) => void response.end(lines(log(1, 'one'))));
    await server.run(['logs', 'hello']);
    const shown = String(server.received.at(-1)?.headers['x-clrk-authorization']).replace('Bearer ', '');
    const nowMs = Date.parse('2026-11-23T10:01:00Z');
    expect(checkReaderToken('reader', shown, nowMs)?.namespaces).toEqual(['team']);
    server.routes.delete('GET /api/v1/namespaces/clrk-system/secrets/clrk-platform-auth');
    await server.run(['logs', 'hello'], { environment: { CLRK_READER_TOKEN: 'given' } });
    expect(server.received.at(-1)?.headers['x-clrk-authorization']).toBe('Bearer given');
  });

  test('who may not read the Secret asks the cluster as himself, for the same things', async () => {
    const forbidden = { message: 'secrets "clrk-platform-auth" is forbidden' };
    server.on('GET /api/v1/namespaces/clrk-system/secrets/clrk-platform-auth', json(forbidden, 403));
    const root = 'GET /apis/telemetry.clrk.apoxy.dev/v1alpha1/namespaces/team';
    server.on(`${root}/taskagents/hello/logs`, (response) => void response.end(lines(log(1, 'mine'))));
    expect((await server.run(['logs', 'hello', '--tail', '5'])).stdout).toBe('mine\n');
    expect(query()).toEqual({ limit: '5' });
    expect(server.received.at(-1)?.headers).not.toHaveProperty('x-clrk-authorization');
    server.on(
      `${root}/invocations`,
      json({ metadata: {}, items: [invocationFixture({ phase: 'Failed' }, fixedId)] }),
    );
    const listed = await server.run(['get', 'invocations', '--agent', 'hello', '--phase', 'failed,timeout']);
    expect(listed.stdout).toContain(fixedId);
    expect(query()['fieldSelector']).toBe(
      'spec.parentRef.name=hello,status.phase!=Pending,status.phase!=Dispatched,status.phase!=Running,status.phase!=Succeeded,status.phase!=Rejected',
    );
    server.on(`${root}/invocations/${fixedId}`, json(invocationFixture({ phase: 'Failed' }, fixedId)));
    expect((await server.run(['get', 'invocations', fixedId])).stdout).toContain(fixedId);
  });

  test('clrk token makes one that is good for what it says', async () => {
    const made = await server.run(['token', 'team-a', 'team-b', '--for', '1h']);
    const nowMs = Date.parse('2026-11-23T10:01:00Z');
    const claims = checkReaderToken('reader', made.stdout.trim(), nowMs);
    expect(claims).toEqual({ namespaces: ['team-a', 'team-b'], expiresMs: nowMs + 3_600_000 });
    expect((await server.run(['token', '--for', '31d'])).code).toBe(2);
  });

  test.each([
    ['a tail beyond what is put in order', ['logs', 'hello', '--tail', '60000']],
    ['a name that is none', ['logs', '../x']],
    ['an invocation that is none', ['logs', 'hello/latest']],
    ['a bad tail', ['logs', 'hello', '--tail', 'all']],
  ])('%s is a usage error', async (_, words) => {
    expect((await server.run(words)).code).toBe(2);
  });

  test('without the platform: what is missing and what to do', async () => {
    server.routes.clear();
    const result = await server.run(['logs', 'hello']);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('PLATFORM_MISSING');
  });
});

describe('clrk traces', () => {
  const span = {
    traceId: 't',
    spanId: 'a',
    parentSpanId: '',
    name: 'ingress.dispatch',
    start: '2026-11-23T10:00:00Z',
    durationNs: 5_000_000,
    attributes: { 'clrk.trigger': 'HTTP', 'agent.name': 'hello', 'agent.namespace': 'team' },
  };

  test('a tree on a terminal, NDJSON when piped, and either when asked', async () => {
    server.on(`${agentRoot}/traces`, (response) => void response.end(lines(span)));
    const tree = 'HTTP trigger · team/hello  t\n└─ ingress.dispatch   5.0 ms\n';
    const plain = { environment: { NO_COLOR: '1' }, terminal: true };
    expect((await server.run(['traces', 'hello'], plain)).stdout).toBe(tree);
    expect((await server.run(['traces', 'hello', '--raw'], plain)).stdout).toBe(lines(span));
    expect((await server.run(['traces', 'hello'])).stdout).toBe(lines(span));
    expect((await server.run(['traces', 'hello', '--tree'])).stdout).toContain('└─ ingress.dispatch');
  });

  test('none yet', async () => {
    server.on(`${agentRoot}/traces`, (response) => void response.end());
    const result = await server.run(['traces', 'hello'], { terminal: true });
    expect(result).toEqual({ code: 0, stdout: '', stderr: 'No traces found of hello in team namespace.\n' });
  });

  test('-f prints a trace when it is whole', async () => {
    const interrupt = new AbortController();
    const clock = Date.now();
    server.on(`${agentRoot}/traces`, (response) => {
      response.write(lines(span));
      setTimeout(() => interrupt.abort(), 1_500);
    });
    const result = await server.run(['traces', 'hello', '-f', '--raw'], { interrupt: interrupt.signal });
    expect(Date.now() - clock).toBeLessThan(30_000);
    expect(result.stdout).toBe(lines(span));
  });
});
