/** Falling back over real connections: HTTP/1.1 and HTTP/2 on both sides, streams, cuts, agents that leave. */
import { connect as connectHttp2, performServerHandshake, type ServerHttp2Stream } from 'node:http2';
import { expect, test } from 'vitest';
import type { GatewayConfig } from '../../../contract/index.ts';
import { converse, openGatewayBed, until } from '../gateway-bed.ts';
import { createConfig } from '../gateway-config.ts';
import { header, json } from '../http1-upstream.ts';
import { chat, useConversation, whole } from './conversation.ts';

const main = 'api.openai.com';
const spare = 'files.example.com';

function twoInTurn(ip: string, port: number): GatewayConfig {
  const key = (name: string) => ({
    policy: { namespace: 'default', name: `key-${name}` },
    target: { kind: 'AIProviderRoute' as const, namespace: 'default', name: 'llm', sectionName: name },
    inject: { type: 'Header' as const, name: 'Authorization', value: `Bearer secret-of-${name}` },
  });
  const backend = (name: string, host: string) => ({
    ...{ name, host, port, weight: 1, schema: 'openai', modelRewrites: [], ensureStreamUsage: false },
  });
  return createConfig(ip, port, {
    providerRoutes: [
      {
        route: { namespace: 'default', name: 'llm' },
        fallback: { retries: 5, statuses: [429, 503], maxEjectionMs: 300_000 },
        rules: [
          {
            matches: [{ provider: 'openai', models: [], endpoints: [] }],
            filters: [],
            backends: [backend('main', main), backend('spare', spare)],
          },
        ],
      },
    ],
    credentials: [key('main'), key('spare')],
  });
}

const hostOf = (authority = ''): string => authority.split(':')[0] ?? '';
const talk = useConversation();

test('S49: over HTTP/1.1 a stream comes from the spare one, and each saw its own key', async () => {
  talk.bed.configure(twoInTurn);
  talk.answer = (request) =>
    hostOf(header(request, 'host')) === main
      ? json(503, { error: 'down' }, 'Retry-After: 1\r\n')
      : 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\nd\r\ndata: {"n":1}\n\r\n0\r\n\r\n';
  const agent = await talk.bed.dial(main);
  const got = await converse(agent, chat('gpt-4o'), (text) => text.endsWith('0\r\n\r\n'));
  expect(got).toMatch(/^HTTP\/1\.1 200 /);
  expect(got).toContain('data: {"n":1}');
  expect(got).not.toContain('down');
  expect(talk.seen.map((request) => [header(request, 'host'), header(request, 'authorization')])).toEqual([
    [expect.stringMatching(main), 'Bearer secret-of-main'],
    [expect.stringMatching(spare), 'Bearer secret-of-spare'],
  ]);
  await until(() => talk.bed.records.length === 1, 'one record');
});

test('over HTTP/1.1 a connection that ends before its answer is followed by the spare one', async () => {
  talk.bed.configure(twoInTurn);
  talk.answer = (request, socket) => {
    if (hostOf(header(request, 'host')) !== main) return json(200, { ok: true });
    socket.destroy();
    return undefined;
  };
  const agent = await talk.bed.dial(main);
  expect(await converse(agent, chat('gpt-4o'), whole)).toMatch(/^HTTP\/1\.1 200 [^]*"ok":true/);
});

test('an agent that leaves ends the try that runs, and no other begins', async () => {
  talk.bed.configure(twoInTurn);
  let asked = 0;
  let isClosed = false;
  talk.answer = (_request, socket) => {
    asked += 1;
    socket.on('close', () => (isClosed = true));
    return undefined;
  };
  const agent = await talk.bed.dial(main);
  agent.write(chat('gpt-4o'));
  await until(() => asked === 1, 'the first is asked');
  agent.destroy();
  await until(() => isClosed && talk.bed.records.length === 1, 'it is told');
  expect(asked).toBe(1);
});

test.each<[string, (stream: ServerHttp2Stream) => void]>([
  ['says 429', (stream) => stream.respond({ ':status': 429 }, { endStream: true })],
  ['resets the stream', (stream) => stream.close(2)],
])('over HTTP/2 the spare one answers where the first %s', async (_title, refuse) => {
  const seen: string[] = [];
  const bed = await openGatewayBed({
    alpn: ['h2'],
    serve: (socket) => {
      performServerHandshake(socket).on('stream', (stream, headers) => {
        const host = hostOf(headers[':authority']);
        seen.push(`${host} ${String(headers.authorization)}`);
        stream.on('error', () => undefined);
        if (host === main) return refuse(stream);
        stream.respond({ ':status': 200, 'content-type': 'application/json' });
        stream.pipe(stream);
      });
    },
  });
  try {
    bed.configure(twoInTurn);
    const socket = await bed.dial(main, { alpn: ['h2'] });
    const client = connectHttp2(`https://${main}`, { createConnection: () => socket });
    const body = '{"model":"gpt-4o","messages":[]}';
    const stream = client.request({
      ':method': 'POST',
      ':path': '/v1/chat/completions',
      ':authority': main,
      'content-type': 'application/json',
    });
    let status = 0;
    let got = '';
    stream.on('response', (headers) => (status = headers[':status'] ?? 0));
    stream.on('data', (chunk: Buffer) => (got += chunk.toString()));
    stream.end(body);
    await until(() => got === body, 'the spare one answers');
    expect(status).toBe(200);
    expect(seen).toEqual([`${main} Bearer secret-of-main`, `${spare} Bearer secret-of-spare`]);
    client.close();
    await until(() => bed.records.length === 1, 'record');
    expect(bed.records[0]?.events.filter(({ name }) => name === 'egress.attempt')).toHaveLength(2);
  } finally {
    await bed.close();
  }
});
