/** `clrk run-task --async` and `clrk result`: what is printed, and which code a script branches on. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fixedId, json, StandInServer, type Answer } from '../stand-in-server.ts';

const server = new StandInServer();
beforeAll(() => server.start());
afterAll(() => server.stop());
beforeEach(() => server.reset());

const agent = '/api/v1/namespaces/clrk-system/services/http:clrk-ingress:80/proxy/agents/team/hello/';
const place = `${agent}.well-known/clrk/invocations/${fixedId}`;
const running: Answer = (response) => {
  response.writeHead(202, { location: place, 'preference-applied': 'respond-async' }).end('{}');
};
const problem =
  (status: number, code: string): Answer =>
  (response) => {
    response.writeHead(status, { 'x-clrk-error-code': code });
    response.end(JSON.stringify({ code, message: 'why', hint: 'what' }));
  };
const answered =
  (headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(200, headers).end('the answer');
  };

describe('clrk run-task --async', () => {
  test('prints what the result is fetched by', async () => {
    server.on(`POST ${agent}`, running);
    const result = await server.run(['run-task', 'hello', '--async']);
    expect(result).toMatchObject({ code: 0, stdout: `hello/${fixedId}\n` });
    expect(result.stderr).toContain(`clrk result hello/${fixedId} --wait -n team`);
    expect(server.received.find(({ method }) => method === 'POST')?.headers['prefer']).toBe('respond-async');
  });

  test('an ingress that does not know of it answers as ever', async () => {
    server.on(`POST ${agent}`, answered({ 'x-clrk-exit-code': '0' }));
    expect(await server.run(['run-task', 'hello', '--async'])).toMatchObject({
      code: 0,
      stdout: 'the answer',
    });
  });
});

describe('clrk result', () => {
  test.each<[string, Answer, number, string, string]>([
    ['an answer', answered({ 'x-clrk-exit-code': '0' }), 0, 'the answer', ''],
    ['an answer without an exit code', answered(), 0, 'the answer', ''],
    ['a run that failed', answered({ 'x-clrk-exit-code': '3' }), 6, 'the answer', 'exit code 3'],
    ['one that still runs', running, 5, '', '--wait'],
    ['one that nobody knows', problem(404, 'RESULT_UNKNOWN'), 3, '', 'why'],
    ['one whose time is over', problem(410, 'RESULT_OVER'), 3, '', 'why'],
    ['one that was lost', problem(502, 'RESULT_LOST'), 6, '', 'why'],
    ['one that is too long', problem(507, 'RESULT_CUT'), 1, '', '--kept'],
    [
      'what was kept of it',
      answered({ 'x-clrk-result-end': 'cut; kept=1; bytes=2' }),
      1,
      'the answer',
      'bytes=2',
    ],
  ])('%s', async (_name, answer, code, stdout, stderr) => {
    server.on(`GET ${place}`, answer);
    const result = await server.run(['result', `hello/${fixedId}`]);
    expect(result).toMatchObject({ code, stdout });
    expect(result.stderr).toContain(stderr);
  });

  test('--wait asks until there is one', async () => {
    let left = 1;
    server.on(`GET ${place}`, (response, request) => {
      left -= 1;
      return (left < 0 ? answered() : running)(response, request);
    });
    expect(await server.run(['result', `hello/${fixedId}`, '--wait'])).toMatchObject({ code: 0 });
  });

  test('--wait ends with --timeout', async () => {
    server.on(`GET ${place}`, running);
    const words = ['result', `hello/${fixedId}`, '--wait', '--timeout', '50ms'];
    expect((await server.run(words)).code).toBe(5);
  });

  test.each([['hello'], [`da/hello/${fixedId}`], ['hello/x']])('%s is a usage error', async (target) => {
    expect((await server.run(['result', target])).code).toBe(2);
    expect(server.received).toEqual([]);
  });

  test('--kept says so', async () => {
    server.on(`GET ${place}`, json({}));
    await server.run(['result', `hello/${fixedId}`, '--kept']);
    expect(server.received.at(-1)?.query.has('kept')).toBe(true);
  });
});
