/** An agent that leaves in the middle of a call takes the upstream's call with it at once, whatever it speaks and whoever is waiting. */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { openGatewayBed, until, type GatewayBed } from '../gateway-bed.ts';
import { createConfig } from '../gateway-config.ts';
import * as h2 from '../http2-frames.ts';

const host = 'files.example.com';
let bed: GatewayBed;
afterEach(() => bed.close());

type Leave = (agent: TLSSocket) => void;
const carrierOf = (socket: TLSSocket): Socket => (socket as unknown as { _parent: Socket })._parent;
const leaving: Array<[string, Leave]> = [
  ['close_notify and FIN', (agent) => agent.end()],
  ['a FIN alone', (agent) => agent.destroy()],
  ['a reset', (agent) => carrierOf(agent).resetAndDestroy()],
];

let upstream: TLSSocket | undefined;

async function open(serve: (socket: TLSSocket) => void, alpn = 'http/1.1'): Promise<void> {
  const served = (socket: TLSSocket): void => {
    upstream = socket;
    serve(socket);
  };
  bed = await openGatewayBed({ serve: served, alpn: [alpn] });
  bed.configure((ip, port) => createConfig(ip, port));
}

async function expectGone(): Promise<void> {
  await until(() => bed.records.length === 1, 'a record');
  expect(bed.records[0]?.attributes['error.type']).toBe('AGENT_GONE');
  // One that reads nothing does not see its connection end.
  upstream?.resume();
  await until(() => bed.upstreamOpen() === 0, 'the upstream to be closed');
}

test.each(leaving)('HTTP/1.1: %s while the upstream thinks ends its call', async (_name, leave) => {
  let asked = false;
  await open((socket) => socket.on('data', () => (asked = true)));
  const agent = await bed.dial(host);
  agent.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  await until(() => asked, 'the call');
  leave(agent);
  await expectGone();
});

test.each(leaving)('HTTP/1.1: %s in the middle of an answer ends its call', async (_name, leave) => {
  await open((socket) =>
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n')),
  );
  const agent = await bed.dial(host);
  const head = new Promise((resolve) => agent.once('data', resolve));
  agent.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  await head;
  leave(agent);
  await expectGone();
});

/** More than two sockets take between them, less than that and what is read ahead. */
const stuckBytes = Buffer.alloc(7 * 1024 * 1024, 'x');

test.each(leaving)('HTTP/1.1: %s behind an upload that the upstream does not take', async (_name, leave) => {
  await open((socket) => socket.pause());
  const agent = await bed.dial(host);
  agent.on('error', () => undefined);
  agent.write(`POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 900000000\r\n\r\n`);
  await new Promise((resolve) => agent.write(stuckBytes, resolve));
  leave(agent);
  await expectGone();
});

const block = Buffer.alloc(64 * 1024, 'x');
const overfullBytes = 1_000 * block.length;

/** Writes far more than all buffers and what is read ahead, until nothing of it moves any more. */
async function overfill(agent: Socket): Promise<void> {
  agent.on('error', () => undefined);
  for (let sent = 0; sent < overfullBytes; sent += block.length) agent.write(block);
  await until(() => bed.upstreamOpen() === 1, 'the call');
  let left = 0;
  let still = 0;
  await until(() => {
    still = agent.writableLength === left ? still + 1 : 0;
    left = agent.writableLength;
    return left > 0 && still > 30;
  }, 'the agent to be stuck');
}

async function expectNoticed(): Promise<void> {
  await until(() => {
    bed.core.tick();
    return bed.records.length === 1;
  }, 'a record');
  await expectGone();
}

test('HTTP/1.1: a reset is noticed behind more than is read ahead', async () => {
  await open((socket) => socket.pause());
  const agent = await bed.dial(host);
  agent.write(`POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 900000000\r\n\r\n`);
  await overfill(agent);
  carrierOf(agent).resetAndDestroy();
  await expectNoticed();
});

test('WebSocket: a reset is noticed behind more than is read ahead', async () => {
  const agent = await openWebSocket([], true);
  const head = Buffer.from('82ff0000000000000000' + '00000000', 'hex');
  head.writeUInt32BE(overfullBytes, 6);
  agent.write(head);
  await overfill(agent);
  carrierOf(agent).resetAndDestroy();
  await expectNoticed();
});

test('plain TCP: a reset is noticed behind more than is read ahead', async () => {
  bed = await openGatewayBed({
    plain: true,
    serve: (socket) => {
      upstream = socket;
      socket.pause();
      socket.on('end', () => socket.end());
    },
  });
  bed.configure((ip, port) => createConfig(ip, port));
  const agent = await bed.connect();
  agent.write(bed.frame({ hostname: host }));
  agent.write(`POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 900000000\r\n\r\n`);
  await overfill(agent);
  agent.resetAndDestroy();
  await expectNoticed();
});

test('an agent that is held back and lives is sent nothing and keeps its call', async () => {
  await open((socket) => socket.pause());
  const agent = await bed.dial(host);
  agent.write(`POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 900000000\r\n\r\n`);
  await overfill(agent);
  const heard = carrierOf(agent).bytesRead;
  for (let index = 0; index < 20; index += 1) bed.core.tick();
  await new Promise((resolve) => setImmediate(resolve));
  expect(carrierOf(agent).bytesRead).toBe(heard);
  expect([bed.records.length, bed.upstreamOpen()]).toEqual([0, 1]);
});

test('HTTP/1.1: an agent whose end is behind more than is read ahead goes with the silence of its upstream, and both sides close', async () => {
  await open((socket) => socket.pause());
  const agent = await bed.dial(host);
  agent.on('error', () => undefined);
  agent.write(`POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 900000000\r\n\r\n`);
  for (let index = 0; index < 8; index += 1) agent.write(stuckBytes);
  await until(() => bed.upstreamOpen() === 1, 'the call');
  agent.end();
  await until(() => {
    bed.advance(1_000);
    return bed.records.length === 1;
  }, 'a record');
  expect(bed.records[0]?.attributes['error.type']).toBe('UPSTREAM_TIMEOUT');
  upstream?.resume();
  await until(() => {
    bed.advance(1_000);
    return bed.upstreamOpen() === 0 && bed.core.connections === 0;
  }, 'both sides to be closed');
});

test.each(leaving)('HTTP/2: %s resets the stream of the upstream', async (_name, leave) => {
  let stream = 0;
  let reset = false;
  const serve = (socket: TLSSocket): void => {
    socket.write(h2.settings);
    h2.readFrames(socket, true, ({ type, stream: id, wantsAck }) => {
      if (wantsAck) socket.write(h2.settingsAck);
      if (type === h2.frameType.headers) stream = id;
      if (type === h2.frameType.reset) reset = true;
    });
  };
  await open(serve, 'h2');
  const agent = await bed.dial(host, { alpn: ['h2'] });
  agent.write(Buffer.concat([h2.clientPreface, h2.headers(1, h2.request(host), true)]));
  await until(() => stream > 0, 'the call');
  leave(agent);
  await until(() => bed.records.length === 1 && reset, 'a record and a reset');
  expect(bed.records[0]?.attributes['error.type']).toBe('AGENT_GONE');
});

const upgrade = [
  'GET /socket HTTP/1.1',
  `Host: ${host}`,
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  '\r\n',
].join('\r\n');
const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const frames = { text: '818000000000', goodbye: '888000000000' };

async function openWebSocket(heard: Buffer[], stuck = false): Promise<TLSSocket> {
  await open((socket) => {
    socket.once('data', () => {
      socket.write(switching);
      if (stuck) socket.pause();
      else socket.on('data', (chunk: Buffer) => heard.push(chunk));
    });
  });
  const agent = await bed.dial(host);
  const head = new Promise((resolve) => agent.once('data', resolve));
  agent.write(upgrade);
  await head;
  agent.resume();
  return agent;
}

test.each(leaving)('WebSocket: %s without goodbye ends the upstream', async (_name, leave) => {
  const heard: Buffer[] = [];
  const agent = await openWebSocket(heard);
  agent.write(Buffer.from(frames.text, 'hex'));
  await until(() => heard.length > 0, 'a frame');
  leave(agent);
  await expectGone();
});

test('WebSocket: a goodbye goes out before the end, and is no fault', async () => {
  const heard: Buffer[] = [];
  const agent = await openWebSocket(heard);
  agent.end(Buffer.from(frames.goodbye, 'hex'));
  await until(() => bed.records.length === 1 && bed.upstreamOpen() === 0, 'the end');
  expect(Buffer.concat(heard).toString('hex')).toBe(frames.goodbye);
  expect(bed.records[0]?.attributes['error.type']).toBeUndefined();
});

test('WebSocket: an agent that leaves behind a frame which the upstream does not take is noticed', async () => {
  const agent = await openWebSocket([], true);
  agent.on('error', () => undefined);
  const head = Buffer.from('82ff0000000000000000' + '00000000', 'hex');
  head.writeUInt32BE(stuckBytes.length, 6);
  await new Promise((resolve) => agent.write(Buffer.concat([head, stuckBytes]), resolve));
  carrierOf(agent).resetAndDestroy();
  await expectGone();
});

test('plain TCP: an agent that half-closes still gets its answer', async () => {
  bed = await openGatewayBed({
    plain: true,
    serve: (socket) =>
      socket.on('data', () =>
        setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'), 50),
      ),
  });
  bed.configure((ip, port) => createConfig(ip, port));
  const agent = await bed.connect();
  let text = '';
  agent.on('data', (chunk: Buffer) => (text += chunk.toString()));
  agent.write(bed.frame({ hostname: host }));
  agent.end(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  await until(() => text.endsWith('hi'), 'the answer');
  expect(bed.records[0]?.attributes['error.type']).toBeUndefined();
});
