import { createHash, randomBytes } from 'node:crypto';
import { connect as connectHttp2 } from 'node:http2';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { converse, openGatewayBed, until, type GatewayBed } from '../gateway-bed.ts';
import { createConfig, secret, upstreamCa } from '../gateway-config.ts';
import { json, serveHttp1, type SeenRequest } from '../http1-upstream.ts';
import { issueTestLeaf, createTestCa } from '../test-ca.ts';

const seen: SeenRequest[] = [];
let bed: GatewayBed;

beforeAll(async () => {
  bed = await openGatewayBed({ serve: serveHttp1(seen, () => json(200, { ok: true })) });
});
afterAll(() => bed.close());
beforeEach(() => {
  seen.length = 0;
  bed.records.length = 0;
  bed.configure((ip, port) => createConfig(ip, port));
});

async function isDropped(bytes: Buffer): Promise<boolean> {
  const socket = await bed.connect();
  socket.resume();
  socket.write(bytes);
  return new Promise((resolve) => {
    socket.once('close', () => resolve(true));
    setTimeout(() => resolve(socket.destroyed), 1_000).unref();
  });
}

const chatCall =
  'POST /v1/chat/completions HTTP/1.1\r\nHost: api.openai.com\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n{"model":"gpt-4o"}';

const reasons = (): unknown[] => bed.records.map((record) => record.attributes['clrk.egress.deny_reason']);

test('S11: without a config nobody is served', async () => {
  const fresh = await openGatewayBed({ serve: () => undefined });
  try {
    const socket = await fresh.connect();
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.resume();
    socket.write(fresh.frame());
    await closed;
    expect(fresh.upstreamConnections()).toBe(0);
  } finally {
    await fresh.close();
  }
});

test.each([
  ['plain HTTP without a frame', () => Buffer.from('GET / HTTP/1.1\r\nHost: api.openai.com\r\n\r\n')],
  [
    'a frame with one flipped bit',
    () => {
      const frame = bed.frame();
      frame[40] = (frame[40] ?? 0) ^ 1;
      return frame;
    },
  ],
  ['a frame of a minute ago', () => bed.frame({ issuedAt: Date.now() - 60_000 })],
  ['a frame from the future', () => bed.frame({ issuedAt: Date.now() + 60_000 })],
  ['a frame of an unknown pool', () => bed.frame({ pool: 'evil/pool' })],
  ['a frame of an agent that is not of the pool', () => bed.frame({ name: 'payroll' })],
  ['a frame for another gateway', () => bed.frame({ gateway: 'team-b/gw' })],
  ['a frame for another replica', () => bed.frame({ gatewayAddress: '127.0.0.2:8095' })],
  ['a frame whose name is no host name', () => bed.frame({ hostname: 'evil\0.openai.com' })],
])('S13: %s is dropped and counted', async (_name, make) => {
  expect(await isDropped(make())).toBe(true);
  expect(bed.upstreamConnections()).toBe(0);
});

test('S13: a frame cannot be replayed', async () => {
  const frame = bed.frame();
  const first = await bed.connect();
  first.write(frame);
  await until(() => bed.core.connections > 0, 'accepted');
  expect(await isDropped(frame)).toBe(true);
  first.destroy();
});

test.each([
  ['a name no route opens', { hostname: 'evil.example.net' }, 'policy'],
  ['an IP literal', { hostname: undefined, destination: { ip: '203.0.113.9', port: 443 } }, 'ip_literal'],
  [
    'the metadata address',
    { hostname: undefined, destination: { ip: '169.254.169.254', port: 80 } },
    'link_local',
  ],
])('S2, S25: %s is closed at once with one record', async (_name, change, reason) => {
  const { hostname, ...rest } = change as { hostname: string | undefined };
  const full = hostname === undefined ? withoutHostname(rest) : bed.frame({ hostname, ...rest });
  expect(await isDropped(full)).toBe(true);
  expect(reasons()).toEqual([reason]);
});

function withoutHostname(change: object): Buffer {
  const frame = { ...change, hostname: undefined };
  return bed.frame(frame as never);
}

test('S15: the address an agent dialled counts for nothing when the worker knows the name', async () => {
  let port = 0;
  bed.configure((ip, upstreamPort) => {
    port = upstreamPort;
    return createConfig(ip, upstreamPort);
  });
  let reached = 0;
  const decoy = createServer(() => (reached += 1));
  await new Promise<void>((resolve) => decoy.listen(port, '127.0.0.77', resolve));
  try {
    const agent = await bed.dial('api.openai.com', { frame: { destination: { ip: '127.0.0.77', port } } });
    expect(await converse(agent, chatCall, (text) => text.endsWith('}'))).toMatch(/^HTTP\/1\.1 200 /);
    agent.destroy();
    expect(seen).toHaveLength(1);
    expect(reached).toBe(0);
  } finally {
    await new Promise((resolve) => decoy.close(resolve));
  }
});

test('S16: a ClientHello for another name than the worker handed out is refused', async () => {
  await expect(bed.dial('api.openai.com', { servername: 'api.anthropic.com' })).rejects.toThrow();
  await until(() => reasons().includes('sni_mismatch'), 'record');
});

test('S17: a fragmented ClientHello works, one without SNI, malformed or slow does not', async () => {
  await expect(bed.dial('api.openai.com', { servername: '' })).rejects.toThrow();
  await until(() => reasons().includes('sni_missing'), 'record');
  const garbage = Buffer.concat([bed.frame(), Buffer.from([22, 3, 1, 0, 5, 9, 9, 9, 9, 9])]);
  expect(await isDropped(garbage)).toBe(true);
  expect(reasons()).toContain('protocol');
});

test('S22: plain HTTP is judged by the same rules, and gets no credential', async () => {
  const socket = await bed.connect();
  socket.write(bed.frame({ hostname: 'api.openai.com' }));
  const got = await converse(socket, chatCall, (text) => text.endsWith('}'));
  expect(got).toMatch(/^HTTP\/1\.1 502/);
  expect(got).not.toContain(secret);
  expect(reasons()).toEqual(['credential']);
  socket.destroy();
});

test('raw bytes pass only where an L4 route opens the destination', async () => {
  const socket = await bed.connect();
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.resume();
  socket.write(Buffer.concat([bed.frame({ hostname: 'api.openai.com' }), Buffer.from('SSH-2.0-x\r\n')]));
  await closed;
  expect(reasons()).toEqual(['protocol']);
  const echo = createServer((peer) => peer.pipe(peer));
  await new Promise<void>((resolve) => echo.listen(0, bed.upstreamIp, () => resolve()));
  const { port } = echo.address() as AddressInfo;
  bed.configure((ip) => createConfig(ip, port));
  const open = await bed.connect();
  open.write(bed.frame({ hostname: 'files.example.com', destination: { ip: '198.18.0.1', port } }));
  expect(await converse(open, 'SSH-2.0-x\r\n', (text) => text.includes('\n'))).toBe('SSH-2.0-x\r\n');
  open.destroy();
  await until(() => bed.records.some((record) => record.name === 'egress.tcp'), 'record');
  expect(bed.records.at(-1)?.attributes).toMatchObject({
    'clrk.l4.bytes_upstream': 11,
    'clrk.l4.bytes_downstream': 11,
  });
  await new Promise<void>((resolve) => echo.close(() => resolve()));
});

test('S54: one agent cannot hold more than its share of connections', async () => {
  const sockets = [];
  for (let index = 0; index < 520; index += 1) {
    const socket = await bed.connect();
    socket.resume();
    socket.write(bed.frame());
    sockets.push(socket);
  }
  await until(() => reasons().filter((reason) => reason === 'limit').length >= 8, 'the limit');
  const other = await bed.connect();
  other.write(bed.frame({ name: 'other', hostname: 'files.example.com' }));
  expect(await converse(other, 'GET / HTTP/1.1\r\nHost: nope\r\n\r\n', (text) => text.endsWith('}'))).toMatch(
    /421/,
  );
  for (const socket of [...sockets, other]) socket.destroy();
  await until(() => bed.core.connections === 0, 'all gone');
});

test.each([
  ['of another CA', () => issueTestLeaf(createTestCa('evil'), ['api.openai.com'])],
  ['for another name', () => issueTestLeaf(upstreamCa, ['evil.example.com'])],
])('S27: an upstream certificate %s is refused and no key is sent', async (_name, leaf) => {
  const got: string[] = [];
  const evil = await openGatewayBed({
    leaf: leaf(),
    serve: (socket) => void socket.on('data', (chunk: Buffer) => got.push(chunk.toString())),
  });
  try {
    evil.configure((ip, port) => createConfig(ip, port));
    const agent = await evil.dial('api.openai.com');
    const body = '{"model":"gpt-4o"}';
    const answer = await converse(
      agent,
      `POST /v1/chat/completions HTTP/1.1\r\nHost: api.openai.com\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      (text) => text.endsWith('}'),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 502[^]*UPSTREAM_TLS/);
    expect(got.join()).not.toContain(secret);
  } finally {
    await evil.close();
  }
});

test('S32: a WebSocket is relayed with its frames looked at; what is no frame ends it', async () => {
  const accept = (request: SeenRequest): string =>
    createHash('sha1')
      .update(
        `${request.head.fields.find(({ name }) => name === 'sec-websocket-key')?.value ?? ''}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`,
      )
      .digest('base64');
  const ws = await openGatewayBed({
    serve: (socket) => {
      let upgraded = false;
      const requests: SeenRequest[] = [];
      serveHttp1(requests, (request) => {
        upgraded = true;
        expect(request.head.fields.some(({ name }) => name === 'sec-websocket-extensions')).toBe(false);
        socket.removeAllListeners('data');
        socket.on('data', (chunk: Buffer) => {
          const mask = chunk.subarray(2, 6);
          const text = Buffer.from(chunk.subarray(6).map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
          socket.write(Buffer.concat([Buffer.from([0x81, text.length]), text]));
        });
        return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept(request)}\r\n\r\n`;
      })(socket);
      socket.on('close', () => expect(upgraded).toBe(true));
    },
  });
  try {
    ws.configure((ip, port) => createConfig(ip, port));
    const agent = await ws.dial('files.example.com');
    const key = randomBytes(16).toString('base64');
    const got = await converse(
      agent,
      `GET /ws HTTP/1.1\r\nHost: files.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
      (text) => text.includes('\r\n\r\n'),
    );
    expect(got).toMatch(/^HTTP\/1\.1 101/);
    const frame = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]).toString('latin1');
    expect(await converse(agent, frame, (text) => text.length >= 4)).toBe('\x81\x02hi');
    const closed = new Promise<void>((resolve) => agent.once('close', () => resolve()));
    agent.write('raw tunnel bytes');
    await closed;
    await until(() => ws.records.length === 1, 'record');
    expect(ws.records[0]?.attributes['http.response.status_code']).toBe(101);
  } finally {
    await ws.close();
  }
});

test("HTTP/2 on the agent's side: streams are judged alone, S18: a second authority gets 421", async () => {
  const socket = await bed.dial('api.openai.com', { alpn: ['h2'] });
  expect(socket.alpnProtocol).toBe('h2');
  const client = connectHttp2('https://api.openai.com', { createConnection: () => socket });
  const call = (authority: string, model: string): Promise<{ status: number; body: string }> =>
    new Promise((resolve, reject) => {
      const stream = client.request({
        ':method': 'POST',
        ':path': '/v1/chat/completions',
        ':authority': authority,
        'content-type': 'application/json',
      });
      let status = 0;
      let body = '';
      stream.on('response', (headers) => (status = headers[':status'] ?? 0));
      stream.on('data', (chunk: Buffer) => (body += chunk.toString()));
      stream.on('end', () => resolve({ status, body }));
      stream.on('error', reject);
      stream.end(JSON.stringify({ model, messages: [] }));
    });
  const [good, denied, foreign] = await Promise.all([
    call('api.openai.com', 'gpt-4o'),
    call('api.openai.com', 'o1'),
    call('api.anthropic.com', 'gpt-4o'),
  ]);
  expect(good).toEqual({ status: 200, body: '{"ok":true}' });
  expect(denied.status).toBe(403);
  expect(foreign.status).toBe(421);
  expect(seen).toHaveLength(1);
  client.close();
});
