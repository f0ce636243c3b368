/** The metadata server with one hostile sandbox and one honest: loopback addresses stand for their slots. */
import { connect, type Socket } from 'node:net';
import { get } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CloudEvent } from '../../../contract/index.ts';
import type { Occupancy } from '../../../worker/egress/occupancy.ts';
import type { Occupant } from '../../../worker/egress/occupant.ts';
import {
  maxConnectionsPerSandbox,
  MetadataServer,
  type OfferedRun,
} from '../../../worker/metadata/metadata-server.ts';
import { openTransparentListener } from '../../../worker/system/libc.ts';

const hostile = { sandboxId: 'hostile' } as Occupant;
const honest = { sandboxId: 'honest' } as Occupant;
const occupants: Readonly<Record<string, Occupant>> = { '127.0.0.2': hostile, '127.0.0.3': honest };
const addressOf = new Map(Object.entries(occupants).map(([ip, occupant]) => [occupant, ip]));
const occupancy = { byIp: (ip: string) => occupants[ip] } as unknown as Occupancy;

let server: MetadataServer;
let port = 0;
let held: Socket[] = [];
const errors: unknown[] = [];

const event = (data: string): CloudEvent => ({
  specversion: '1.0',
  id: 'id',
  source: 'source',
  type: 'type',
  time: '2026-01-01T00:00:00.000Z',
  datacontenttype: 'text/plain',
  data,
});

const run = (each: CloudEvent, body: Buffer, more: Partial<OfferedRun> = {}): OfferedRun => ({
  ...{ invocationId: 'i-1', event: each, body, isOneOfMany: false },
  ...more,
});

beforeEach(() => {
  const listener = openTransparentListener('127.0.0.1');
  port = listener.port;
  server = new MetadataServer({ fd: listener.fd, occupancy, onError: (error) => void errors.push(error) });
  server.offer(honest, run(event('small'), Buffer.from('small')));
});

afterEach(async () => {
  for (const socket of held) socket.destroy();
  held = [];
  await server[Symbol.asyncDispose]();
  expect(errors).toEqual([]);
});

/** Connects; resolves once it is known whether it was taken. `hello` is written and, by default, nothing read. */
async function hold(occupant: Occupant | undefined, hello = ''): Promise<Socket> {
  const localAddress = occupant === undefined ? '127.0.0.9' : (addressOf.get(occupant) ?? '');
  const socket = connect({ host: '127.0.0.1', port, localAddress });
  held.push(socket);
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => socket.once('connect', resolve).once('close', () => resolve()));
  if (hello !== '') socket.write(hello);
  return socket;
}

const isOpen = (socket: Socket): boolean => !socket.destroyed && socket.readyState === 'open';

function ask(occupant: Occupant, accept = '*/*'): Promise<string> {
  const localAddress = addressOf.get(occupant) ?? '';
  return new Promise((resolve, reject) => {
    get(
      { host: '127.0.0.1', port, path: '/v1/event', localAddress, agent: false, headers: { accept } },
      (answer) => resolve(text(answer)),
    ).on('error', reject);
  });
}

test('S54: a sandbox holds its share of connections, its neighbour is served, a place becomes free again', async () => {
  const sockets: Socket[] = [];
  for (let index = 0; index < 200; index += 1) sockets.push((await hold(hostile)).resume());
  await expect.poll(() => sockets.filter(isOpen).length).toBe(maxConnectionsPerSandbox);
  expect(await ask(honest)).toBe('small');
  sockets.find(isOpen)?.destroy();
  const again = async (): Promise<boolean> =>
    isOpen(await answered(await hold(hostile, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n')));
  await expect.poll(again).toBe(true);
});

/** After its first answer byte, or its end. */
async function answered(socket: Socket): Promise<Socket> {
  if (socket.closed) return socket;
  await new Promise<void>((resolve) => socket.once('data', () => resolve()).once('close', () => resolve()));
  return socket;
}

test('S54: unread answers of a large event are one copy of it, in either mode', async () => {
  const body = Buffer.alloc(24 * 1024 * 1024, 'a');
  server.offer(hostile, run(event(body.toString()), body));
  const ask1 = (accept: string) => `GET /v1/event HTTP/1.1\r\nhost: x\r\naccept: ${accept}\r\n\r\n`;
  await answered(await hold(hostile, ask1('application/cloudevents+json')));
  const before = process.memoryUsage();
  for (let index = 0; index < 12; index += 1) {
    for (const accept of ['application/cloudevents+json', 'text/plain']) {
      const socket = await answered(await hold(hostile, ask1(accept)));
      socket.pause();
    }
  }
  const after = process.memoryUsage();
  // 24 answers of 24 MiB each.
  expect(after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed).toBeLessThan(
    3 * body.length,
  );
  expect(await ask(honest)).toBe('small');
});

test('who was withdrawn, or lives in no slot, has no connection', async () => {
  const socket = await hold(hostile);
  await expect.poll(() => isOpen(socket)).toBe(true);
  server.withdraw(hostile);
  const stranger = await hold(undefined);
  await expect.poll(() => isOpen(socket) || isOpen(stranger)).toBe(false);
});

test('an event is answered in structured and binary mode, whole', async () => {
  expect(JSON.parse(await ask(honest, 'application/cloudevents+json'))).toEqual(event('small'));
  expect(await ask(honest)).toBe('small');
});
