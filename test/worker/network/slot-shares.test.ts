/** What all slots share (accept queues, the DNS queue, conntrack), with one hostile slot and one honest one. */
import { randomUUID } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  deleteNamespace,
  openRouterNamespace,
  type RouterNamespace,
} from '../../../worker/network/router-namespace.ts';
import { acceptBacklog, slotShares } from '../../../worker/network/ruleset.ts';
import { slotAddress, type SlotAddress } from '../../../worker/network/slot-address.ts';
import { deleteSlots, makeSlots } from '../../../worker/network/slot-set-up.ts';
import { runInSlot } from './slot-traffic.ts';

let router: RouterNamespace;
let hostile: SlotAddress;
let honest: SlotAddress;
const servers: Server[] = [];
const dns = createSocket('udp4');
/** Open connections by the address they come from. */
const open = new Map<string, number>();
const most = new Map<string, number>();
const questions = new Map<string, number>();

beforeAll(async () => {
  router = await openRouterNamespace(`clrk-sh-${randomUUID().slice(0, 8)}`);
  hostile = slotAddress(router.name, 0);
  honest = slotAddress(router.name, 1);
  await makeSlots(router.name, [hostile, honest]);
  for (const { fd } of [router.tcp, router.metadata]) {
    const server = createServer((socket) => {
      const key = `${String(socket.remoteAddress)} ${String(socket.localPort)}`;
      open.set(key, (open.get(key) ?? 0) + 1);
      most.set(key, Math.max(most.get(key) ?? 0, open.get(key) ?? 0));
      socket.on('error', () => undefined);
      socket.once('close', () => open.set(key, (open.get(key) ?? 0) - 1));
      socket.end('hello');
      socket.resume();
    });
    server.listen({ fd, backlog: acceptBacklog });
    await once(server, 'listening');
    servers.push(server);
  }
  dns.on('message', (_, { address }) => questions.set(address, (questions.get(address) ?? 0) + 1));
  await new Promise<void>((resolve) => dns.bind({ fd: router.dns.fd }, resolve));
});

afterAll(async () => {
  for (const server of servers) server.close();
  dns.close();
  await deleteSlots([hostile, honest]);
  await deleteNamespace(router.name);
});

/** Opens so many at once and holds them; prints how many are open after a while. */
const holdMany = (ip: string, port: number, count: number): string => `
  const net = require('net'); let opened = 0;
  for (let n = 0; n < ${count}; n += 1)
    net.connect({ host: '${ip}', port: ${port}, allowHalfOpen: true }, () => { opened += 1; }).on('error', () => {});
  setTimeout(() => { console.log(opened); process.exit(0); }, 2500);`;

/** One after the other; prints how many answered. */
const askInTurn = (ip: string, port: number, count: number): string => `
  const net = require('net'); let answered = 0;
  const next = (n) => { if (n === ${count}) return console.log(answered);
    net.connect({ host: '${ip}', port: ${port} }).once('data', () => { answered += 1; }).on('error', () => {}).once('close', () => next(n + 1)).resume(); };
  next(0);`;

test.each([
  ['egress', '93.184.216.34', 443, slotShares.connections],
  ['metadata', '169.254.169.254', 80, slotShares.metadataConnections],
] as const)(
  'S54: a slot that opens %s connections without end holds its share; its neighbour has every answer',
  async (_, ip, port, share) => {
    const [held, answered] = await Promise.all([
      runInSlot(hostile, holdMany(ip, port, 2000)),
      runInSlot(honest, askInTurn(ip, port, 100)),
    ]);
    expect(Number(answered)).toBe(100);
    expect(Number(held)).toBeGreaterThan(share / 2);
    expect(Number(held)).toBeLessThanOrEqual(share);
    expect(most.get(`${hostile.sandboxIp} ${port}`)).toBeLessThanOrEqual(share);
  },
);

test('S54: closed connections do not count against a slot', async () => {
  const count = slotShares.connections + 80;
  expect(Number(await runInSlot(honest, askInTurn('93.184.216.34', 8443, count)))).toBe(count);
});

test('S54: a flood of questions from ever new ports takes the rate and the flows of its slot only', async () => {
  const flood = `
    const dgram = require('dgram'); let left = 3000;
    const next = () => { if (left === 0) return console.log('done'); left -= 1;
      const s = dgram.createSocket('udp4').on('error', () => {}); s.send(Buffer.alloc(left % 2 ? 40 : 9000), 53, '8.8.8.8', () => { s.close(); setImmediate(next); }); };
    next();`;
  const ask = `
    const s = require('dgram').createSocket('udp4'); let n = 0;
    const next = () => { if (n === 100) return s.close(() => console.log('done')); n += 1; s.send('question', 53, '8.8.8.8', () => setTimeout(next, 10)); };
    next();`;
  await Promise.all([runInSlot(hostile, flood), runInSlot(honest, ask)]);
  await expect.poll(() => questions.get(honest.sandboxIp)).toBe(100);
  expect(questions.get(hostile.sandboxIp)).toBeLessThan(slotShares.dnsFlows + 100);
});
