/** A gateway's pod of two processes, as shipped: one address, and what is counted is counted once for both. */
import type { TLSSocket } from 'node:tls';
import type { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { converse } from '../gateway-bed.ts';
import { createConfig } from '../gateway-config.ts';
import { json, serveHttp1 } from '../http1-upstream.ts';
import { chat, whole } from '../session/conversation.ts';
import { Pod, soon } from './pod.ts';

let pod: Pod;

beforeAll(async () => {
  pod = await Pod.open(
    serveHttp1([], () => json(200, { usage: { prompt_tokens: 20, completion_tokens: 20 } })),
  );
}, 120_000);
afterAll(() => pod.close(), 60_000);
beforeEach(() => void pod.configure({}));
afterEach(() => pod.hangUp());

async function dialSeveral(count: number): Promise<TLSSocket[]> {
  const dialled = await Promise.all(Array.from({ length: count }, () => pod.dial()));
  return dialled.filter((socket) => socket !== undefined);
}

const call = (socket: TLSSocket): Promise<string> => converse(socket, chat('gpt-4o'), whole);
const statusOf = (answer: string): string => answer.slice(9, 12);

test('one address, and connections are shared out evenly', async () => {
  const sockets = await dialSeveral(6);
  const held = pod.members.map((pid) => pod.connectionsOf(pid));
  expect(held).toEqual([3, 3]);
  expect(pod.connectionsOf(pod.pid)).toBe(0);
  expect((await Promise.all(sockets.map(call))).map(statusOf)).toEqual(Array(6).fill('200'));
  await vi.waitFor(() => expect(pod.words).toMatchObject([{ pod: 'pod-1', connections: 6 }]), {
    ...soon,
  });
});

test('S13: a frame is taken once, whichever process reads it', async () => {
  const frame = pod.frame();
  const first = await pod.dial(frame);
  expect(first).toBeDefined();
  // As many as are sure to come to the other process too.
  const again = [];
  for (let turn = 0; turn < 4; turn += 1) again.push(await pod.dial(frame));
  expect(again).toEqual([undefined, undefined, undefined, undefined]);
  expect(pod.members.map((pid) => pod.connectionsOf(pid)).toSorted((a, b) => a - b)).toEqual([0, 1]);
});

test('S54: an agent has its share of connections in all processes together', async () => {
  const share = 512;
  const sockets: Socket[] = [];
  let closed = 0;
  for (let count = 0; count < share + 3; count += 1) {
    const socket = await pod.connect();
    sockets.push(socket);
    socket.once('close', () => (closed += 1));
    socket.write(pod.frame());
  }
  await vi.waitFor(() => expect(closed).toBe(3), soon);
  expect(pod.members.map((pid) => pod.connectionsOf(pid)).reduce((sum, each) => sum + each)).toBe(share);
  // A place that is given back at one process is free at both.
  sockets[0]?.destroy();
  await vi.waitFor(async () => expect(await pod.dial()).toBeDefined(), soon);
}, 60_000);

test('S48: a limit of calls holds over both processes', async () => {
  const limit = { account: 'rate/default/slow', calls: 7, windowMs: 86_400_000, scope: 'PerAgent' as const };
  const config = createConfig('192.0.2.1', 1);
  const providerRoutes = config.providerRoutes.map((route) => ({
    ...route,
    rules: route.rules.map((rule) => ({ ...rule, limits: [{ ...limit, policy: 'default/slow' }] })),
  }));
  const { digest } = pod.configure({ providerRoutes });
  await vi.waitFor(() => expect(pod.words).toMatchObject([{ configDigest: digest }]), soon);
  const sockets = await dialSeveral(20);
  expect(new Set(pod.members.map((pid) => pod.connectionsOf(pid)))).toEqual(new Set([10]));
  const answers = (await Promise.all(sockets.map(call))).map(statusOf);
  expect(answers.filter((status) => status === '200')).toHaveLength(7);
  expect(answers.filter((status) => status === '429')).toHaveLength(13);
});

test('S48: a budget is exceeded by both processes together as little as by one', async () => {
  const { providerRoutes } = createConfig('192.0.2.1', 1);
  const filters = [{ type: 'TokenBudget' as const, account: 'budget/a', maxTokensPerDay: 1_000 }];
  const { digest } = pod.configure({
    providerRoutes: providerRoutes.map((route) => ({
      ...route,
      rules: route.rules.map((rule) => ({ ...rule, filters })),
    })),
  });
  await vi.waitFor(() => expect(pod.words).toMatchObject([{ configDigest: digest }]), soon);
  const capped = '{"model":"gpt-4o","max_tokens":20,"messages":[]}';
  const head =
    'POST /v1/chat/completions HTTP/1.1\r\nHost: api.openai.com\r\nContent-Type: application/json\r\n';
  const request = `${head}Content-Length: ${capped.length}\r\n\r\n${capped}`;
  const sockets = await dialSeveral(8);
  const calls = async (socket: TLSSocket): Promise<string[]> => {
    const statuses = [];
    for (let turn = 0; turn < 8; turn += 1) statuses.push(statusOf(await converse(socket, request, whole)));
    return statuses;
  };
  const statuses = (await Promise.all(sockets.map(calls))).flat();
  const went = statuses.filter((status) => status === '200').length;
  // Each uses 40; what is left at the end is too little for one more at either process.
  expect(went * 40).toBeLessThanOrEqual(1_000);
  expect(went).toBeGreaterThan(10);
  expect(statuses.filter((status) => status === '429')).toHaveLength(64 - went);
});

test('S36: a new policy is in force in both before the pod says so, and ends what it shuts', async () => {
  const before = await dialSeveral(4);
  const gone = before.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
  const { destinations } = createConfig('192.0.2.1', 1);
  const { digest } = pod.configure({ destinations: { ...destinations, rules: [] }, providerRoutes: [] });
  await Promise.all(gone);
  await vi.waitFor(() => expect(pod.words).toMatchObject([{ configDigest: digest }]), soon);
  expect(await dialSeveral(4)).toEqual([]);
});

test('figures are of both processes together', async () => {
  const before = await pod.figure('clrk_egress_exchanges_total', 'status_class="2xx"');
  const seconds = await pod.figure('clrk_egress_exchange_seconds_count');
  const sockets = await dialSeveral(4);
  for (const socket of sockets) await call(socket);
  expect(await pod.figure('clrk_egress_exchanges_total', 'status_class="2xx"')).toBe(before + 4);
  expect(await pod.figure('clrk_egress_exchange_seconds_count')).toBe(seconds + 4);
  expect(await pod.figure('clrk_egress_connections')).toBe(4);
});
