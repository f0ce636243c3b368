import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseHeader } from '../../../cli/commands/run-task.ts';
import { guessContentType } from '../../../cli/request-body.ts';
import { invocationFixture } from '../invocation-fixture.ts';
import { fixedId, json, StandInServer, status, type Answer } from '../stand-in-server.ts';

const server = new StandInServer();
beforeAll(() => server.start());
afterAll(() => server.stop());
beforeEach(() => {
  server.reset();
});

const ingress = 'POST /api/v1/namespaces/clrk-system/services/http:clrk-ingress:80/proxy/agents/team/hello/';
const record = `GET /api/v1/namespaces/clrk-system/services/https:clrk-telemetry:8097/proxy/v1/namespaces/team/invocations/${fixedId}`;

function recorded(phase: 'Succeeded' | 'Failed' | 'Timeout' | 'Rejected'): void {
  const secret = { data: { 'telemetry-reader': Buffer.from('reader').toString('base64') } };
  server.on('GET /api/v1/namespaces/clrk-system/secrets/clrk-platform-auth', json(secret));
  server.on(record, json(invocationFixture({ phase, reason: 'NonZeroExit' }, fixedId)));
}

const posted = () => server.received.filter(({ method }) => method === 'POST');

const ok: Answer = (response) => {
  response.writeHead(200, { trailer: 'x-clrk-exit-code' });
  response.write('hel');
  response.write('lo');
  response.addTrailers({ 'x-clrk-exit-code': '0' });
  response.end();
};

describe('clrk run-task', () => {
  test('posts the input under a minted invocation id and streams the answer', async () => {
    server.on(ingress, ok);
    const result = await server.run([
      'run-task',
      'hello',
      '-i',
      '{"prompt":"hi"}',
      '-H',
      'X-One=1',
      '-H',
      'x-two: 2',
    ]);
    expect(result).toEqual({ code: 0, stdout: 'hello', stderr: `invocation ${fixedId}\n` });
    expect(posted()[0]).toMatchObject({
      body: '{"prompt":"hi"}',
      headers: {
        'x-clrk-invocation-id': fixedId,
        'x-clrk-trigger': 'cli',
        'content-type': 'application/json',
        'x-one': '1',
        'x-two': '2',
      },
    });
  });

  test('by the cluster’s own API, which says who calls, and nothing of the platform is looked for', async () => {
    server.on('POST /apis/telemetry.clrk.apoxy.dev/v1alpha1/namespaces/team/taskagents/hello/invoke', ok);
    expect(await server.run(['run-task', 'hello', '--invoke'])).toMatchObject({ code: 0, stdout: 'hello' });
    expect(server.received.map(({ method }) => method)).toEqual(['POST']);
  });

  test('finds the platform where it was installed, when that is not the usual namespace', async () => {
    const services = { items: [{ metadata: { name: 'clrk-telemetry', namespace: 'agents-prod' } }] };
    server.on('GET /api/v1/services', json(services));
    server.on(ingress.replace('clrk-system', 'agents-prod'), ok);
    expect(await server.run(['run-task', 'hello'])).toMatchObject({ code: 0, stdout: 'hello' });
    const asked = server.received.find(({ path }) => path === '/api/v1/services');
    expect(asked?.query.get('labelSelector')).toContain('app.kubernetes.io/name=clrk-telemetry');
  });

  test('a person who may not look for it is sent to the usual namespace', async () => {
    server.on('GET /api/v1/namespaces/clrk-system/services/clrk-telemetry', status(403, 'forbidden'));
    server.on('GET /api/v1/services', status(403, 'forbidden'));
    server.on(ingress, ok);
    expect(await server.run(['run-task', 'hello'])).toMatchObject({ code: 0, stdout: 'hello' });
  });

  test('input from a file, from stdin, and none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'clrk-run-'));
    writeFileSync(join(folder, 'in'), 'from a file');
    server.on(ingress, ok);
    await server.run(['run-task', 'hello', '-i', `@${join(folder, 'in')}`]);
    await server.run(['run-task', 'hello', '-i', '-', '--content-type', 'text/x'], { stdin: 'from stdin' });
    await server.run(['run-task', 'ta/hello']);
    rmSync(folder, { recursive: true });
    expect(posted().map((each) => [each.body, each.headers['content-type']])).toEqual([
      ['from a file', 'text/plain; charset=utf-8'],
      ['from stdin', 'text/x'],
      ['', undefined],
    ]);
  });

  test.each([
    ['the agent failed', status(500, 'boom'), 6],
    ['it ran out of time', status(504, 'deadline'), 5],
    ['no such agent', status(404, 'no TaskAgent'), 3],
    ['no worker', status(503, 'no ready worker'), 6],
    ['denied', status(403, 'services/proxy is forbidden'), 4],
  ])('%s: exit code', async (_, answer, code) => {
    server.on(ingress, answer);
    const result = await server.run(['run-task', 'hello']);
    expect(result.code).toBe(code);
    expect(result.stdout).toBe('');
  });

  test.each([
    ['Succeeded', 0],
    ['Failed', 6],
    ['Timeout', 5],
  ] as const)('an answer without a verdict takes that of the record: %s is %d', async (phase, code) => {
    server.on(ingress, (response) => void response.end('some output'));
    recorded(phase);
    const result = await server.run(['run-task', 'hello']);
    expect(result).toMatchObject({ code, stdout: 'some output' });
  });

  test('an answer cut off, and telemetry away: the run failed, and where to look', async () => {
    server.on(ingress, (response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('part', () => response.destroy());
    });
    const result = await server.run(['run-task', 'hello']);
    expect(result).toMatchObject({ code: 6, stdout: 'part' });
    expect(result.stderr).toContain(`clrk get invocations ${fixedId}`);
  });

  test('no answer within --timeout: exit code 5, soon', async () => {
    server.on(ingress, () => undefined);
    const started = Date.now();
    const result = await server.run(['run-task', 'hello', '--timeout', '300ms']);
    expect(result.code).toBe(5);
    expect(Date.now() - started).toBeLessThan(10_000);
  });

  test('Ctrl-C: 130', async () => {
    const interrupt = new AbortController();
    server.on(ingress, () => {
      setTimeout(() => interrupt.abort(), 50);
    });
    expect((await server.run(['run-task', 'hello'], { interrupt: interrupt.signal })).code).toBe(130);
  });

  test.each([
    ['a bad name', ['run-task', 'Hello World']],
    ['an invocation', ['run-task', `hello/${fixedId}`]],
    ['a missing file', ['run-task', 'hello', '-i', '@/nonexistent']],
    ['a bad header', ['run-task', 'hello', '-H', 'a b=c']],
    ['a bad timeout', ['run-task', 'hello', '--timeout', 'soon']],
  ])('%s is a usage error and sends nothing', async (_, words) => {
    expect((await server.run(words)).code).toBe(2);
    expect(server.received).toEqual([]);
  });
});

describe('parseHeader', () => {
  test.each(['x: a\r\ny: b', 'x=\u0000', '=a', ': a', 'a b: c'])(
    'S28: %j cannot smuggle a second header',
    (text) => {
      expect(() => parseHeader(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
    },
  );
});

describe('guessContentType', () => {
  test.each([
    [Buffer.from('{"a":1}'), 'application/json'],
    [Buffer.from('hello'), 'text/plain; charset=utf-8'],
    [Buffer.from([0, 1, 2]), 'application/octet-stream'],
  ])('%s', (body, expected) => {
    expect(guessContentType(body)).toBe(expected);
  });
});
