/** What passes unread, through an L4 route: disguised HTTP, servers that speak first, half-closed TCP, and policy changes. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { converse, openGatewayBed, until, type GatewayBed } from '../gateway-bed.ts';
import { createConfig, frameKey } from '../gateway-config.ts';
import * as h2 from '../http2-frames.ts';

const host = 'files.example.com';
let bed: GatewayBed;
afterEach(() => bed.close());

async function open(serve: (socket: Socket) => void): Promise<Socket> {
  bed = await openGatewayBed({ plain: true, serve });
  bed.configure((ip, port) => createConfig(ip, port));
  const agent = await bed.connect();
  agent.allowHalfOpen = true;
  agent.write(bed.frame({ hostname: host }));
  return agent;
}

const last = (): Record<string, unknown> => bed.records.at(-1)?.attributes ?? {};
const request = (start: string): string => `${start} HTTP/1.1\r\nHost: fronted.evil.com\r\n\r\n`;

test.each([
  ['an empty line before it', `\r\n${request('GET /')}`],
  ['four empty lines before it', `\r\n\r\n\r\n\r\n${request('GET /')}`],
  ['spaces before it', `  ${request('GET /')}`],
  ['a method of WebDAV', request('LOCK /')],
  ['a method nobody knows', request('FRONT /')],
  ['a method of odd letters', request("x!#$%&'*+-.^_`|~1 /")],
  ['lower case', request('lock /').replace('HTTP', 'http')],
  ['tabs between its words', request('LOCK\t/').replace(' HTTP', '\tHTTP')],
  ['bare line feeds', request('LOCK /').replaceAll('\r\n', '\n')],
  ['no version', 'GET /\r\n\r\n'],
  ['a line without end', `LOCK /${'a'.repeat(70_000)}`],
  ['HTTP/2 with prior knowledge', ''],
])('S22: HTTP to another host is never relayed as raw bytes: %s', async (_name, text) => {
  const reached: string[] = [];
  const agent = await open((socket) => socket.on('data', (chunk: Buffer) => reached.push(chunk.toString())));
  agent.resume();
  const http2 = Buffer.concat([h2.clientPreface, h2.headers(1, h2.request('fronted.evil.com'), true)]);
  agent.write(text === '' ? http2 : text);
  // Some wait for the end of a head that never comes.
  await until(() => bed.core.connections === 1 && bed.upstreamOpen() === 0, 'the connection');
  await new Promise((resolve) => setTimeout(resolve, 50));
  bed.advance(10_001);
  await until(() => bed.records.length > 0, 'a record');
  expect(last()['clrk.decision']).toBe('deny');
  expect(reached).toEqual([]);
  agent.destroy();
});

test('S22: the same a byte at a time, however long the first one waits', async () => {
  const reached: string[] = [];
  const agent = await open((socket) => socket.on('data', (chunk: Buffer) => reached.push(chunk.toString())));
  agent.resume();
  await until(() => bed.upstreamOpen() === 1, 'the upstream to be given its chance to speak first');
  for (const byte of request('LOCK /')) {
    agent.write(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => bed.records.length > 0, 'a record');
  expect(last()['clrk.egress.deny_reason']).toBe('host_mismatch');
  expect(reached).toEqual([]);
});

test('a server that speaks first is heard, and answered', async () => {
  const agent = await open((socket) => {
    socket.write('220 mail\r\n');
    socket.on('data', (chunk: Buffer) => socket.write(`250 ${chunk.toString()}`));
    socket.on('end', () => socket.end());
  });
  expect(await converse(agent, '', (text) => text.endsWith('\n'))).toBe('220 mail\r\n');
  expect(await converse(agent, 'EHLO me\r\n', (text) => text.endsWith('\n'))).toBe('250 EHLO me\r\n');
  agent.end();
  await until(() => bed.records.length === 1, 'a record');
  expect(last()['clrk.l4.bytes_downstream']).toBe('220 mail\r\n250 EHLO me\r\n'.length);
});

test('S16: after the server has spoken, TLS and HTTP are not passed unread', async () => {
  const reached: string[] = [];
  const agent = await open((socket) => {
    socket.write('220 mail\r\n');
    socket.on('data', (chunk: Buffer) => reached.push(chunk.toString()));
  });
  await converse(agent, '', (text) => text.endsWith('\n'));
  agent.write(request('LOCK /'));
  await once(agent, 'end');
  expect(last()['clrk.egress.deny_reason']).toBe('protocol');
  expect(reached).toEqual([]);
});

test('a server that speaks first is not dialled where no L4 route opens it', async () => {
  bed = await openGatewayBed({ plain: true, serve: (socket) => socket.write('220\r\n') });
  bed.configure((ip, port) => createConfig(ip, port));
  const agent = await bed.connect();
  agent.resume();
  agent.write(bed.frame({ hostname: 'api.openai.com' }));
  await until(() => bed.core.connections === 1, 'the connection');
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(bed.upstreamConnections()).toBe(0);
  agent.destroy();
});

test.each([
  ['raw bytes', '\0\0raw', 'answer to 5'],
  ['HTTP', `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`, 'HTTP/1.1 200'],
])('half-closed TCP keeps the other direction: %s', async (_name, sent, answer) => {
  const agent = await open((socket) => {
    let all = '';
    socket.on('data', (chunk: Buffer) => (all += chunk.toString('latin1')));
    const answers = (): unknown =>
      socket.end(
        all.startsWith('GET') ? 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi' : `answer to ${all.length}`,
      );
    if (sent.startsWith('GET')) socket.once('data', () => setTimeout(answers, 50));
    else socket.on('end', () => setTimeout(answers, 50));
  });
  let got = '';
  agent.on('data', (chunk: Buffer) => (got += chunk.toString('latin1')));
  agent.end(sent);
  await once(agent, 'end');
  expect(got).toContain(answer);
  await until(() => bed.records.length === 1, 'a record');
  expect(last()['error.type']).toBeUndefined();
});

test('half-closed by the server, the agent can still send', async () => {
  const got: string[] = [];
  const agent = await open((socket) => {
    socket.once('data', () => socket.end('last word'));
    socket.on('data', (chunk: Buffer) => got.push(chunk.toString()));
  });
  agent.resume();
  agent.write('\0one');
  await once(agent, 'end');
  agent.end('two');
  await until(() => got.join('') === '\0onetwo', 'the rest');
});

test.each<[string, (ip: string, port: number) => ReturnType<typeof createConfig>]>([
  [
    'its route is gone',
    (ip, port) => {
      const config = createConfig(ip, port);
      return {
        ...config,
        destinations: { ...config.destinations, rules: config.destinations.rules.slice(0, 1) },
      };
    },
  ],
  ['its pool is gone', (ip, port) => createConfig(ip, port, { framePeers: [] })],
  [
    'its pool has another key',
    (ip, port) =>
      createConfig(ip, port, {
        framePeers: [
          {
            pool: 'default/pool',
            keyBase64: Buffer.from(frameKey).reverse().toString('base64'),
            agents: ['TaskAgent/default/hello'],
          },
        ],
      }),
  ],
  [
    'its name is pinned elsewhere',
    (ip, port) => {
      const config = createConfig(ip, port);
      const hostAliases = [{ ip: '192.0.2.254', hostnames: [host] }];
      return { ...config, upstream: { ...config.upstream, hostAliases } };
    },
  ],
  [
    'its port is for HTTP now',
    (ip, port) =>
      createConfig(ip, port, { listeners: [{ name: 'web', protocol: 'HTTP', tlsMode: 'Terminate' }] }),
  ],
  [
    'its agent is contained',
    (ip, port) => {
      const config = createConfig(ip, port);
      return { ...config, framePeers: config.framePeers.map((peer) => ({ ...peer, agents: [] })) };
    },
  ],
])('S36: a raw relay ends at once when %s', async (_name, change) => {
  const agent = await open((socket) => void socket.pipe(socket));
  await converse(agent, '\0hello', (text) => text.length === 6);
  bed.configure((ip, port) => createConfig(ip, port));
  await converse(agent, '\0again', (text) => text.length === 6);
  expect(agent.destroyed).toBe(false);
  bed.configure(change);
  await until(() => agent.destroyed && bed.upstreamOpen() === 0, 'both ends');
  expect(last()['error.type']).toBe('POLICY_CHANGED');
});
