/** A gateway's pod of two processes, as shipped, when one of them dies, both, the one that listens, or all are told to end. */
import type { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { converse } from '../gateway-bed.ts';
import { json, serveHttp1 } from '../http1-upstream.ts';
import { chat, whole } from '../session/conversation.ts';
import { isRunning } from './process-table.ts';
import { Pod, soon } from './pod.ts';

let pod: Pod;
/** What answers the upstream gives when it is told to. */
let held: Array<() => void> | undefined;

beforeAll(async () => {
  pod = await Pod.open(
    serveHttp1([], (_, socket) => {
      if (held === undefined) return json(200, {});
      held.push(() => void socket.write(json(200, {}), 'latin1'));
      return undefined;
    }),
  );
}, 120_000);
afterEach(() => pod.hangUp());
afterAll(() => pod.close(), 60_000);

const call = (socket: TLSSocket | undefined): Promise<string> => {
  if (socket === undefined) throw new Error('not connected');
  return converse(socket, chat('gpt-4o'), whole);
};
const served = () => pod.figure('clrk_egress_exchanges_total', 'status_class="2xx"');

test('a process that is killed takes its own connections, and another comes in its place', async () => {
  const before = await served();
  const starts = await pod.figure('clrk_egress_process_starts_total');
  const sockets = await Promise.all(Array.from({ length: 4 }, () => pod.dial()));
  for (const socket of sockets) await call(socket);
  expect(await served()).toBe(before + 4);
  const [victim = 0, survivor] = pod.members;
  const open = (): number => sockets.filter((socket) => socket?.destroyed === false).length;
  pod.signal('SIGKILL', victim);
  await vi.waitFor(() => expect(open()).toBe(2), soon);
  // Others are served on, and so are new ones, from the first moment.
  for (const socket of sockets) if (socket?.destroyed === false) expect(await call(socket)).toContain('200');
  expect(await call(await pod.dial())).toContain('200');
  expect(await pod.ask('/readyz')).toEqual({ status: 200, text: 'ok' });
  await vi.waitFor(async () => expect(await pod.figure('clrk_egress_processes')).toBe(2), soon);
  expect(pod.members).toHaveLength(2);
  expect(pod.members).toContain(survivor);
  expect(pod.members).not.toContain(victim);
  // What the dead one had counted counts on.
  expect(await served()).toBe(before + 7);
  expect(await pod.figure('clrk_egress_process_starts_total')).toBe(starts + 1);
  await vi.waitFor(() => expect(pod.words).toMatchObject([{ connections: 3 }]), soon);
}, 120_000);

test('without a process that serves the pod is not ready, and is again when one has come', async () => {
  const frame = pod.frame();
  const first = await pod.dial(frame);
  expect(first).toBeDefined();
  const before = pod.members;
  for (const pid of before) pod.signal('SIGKILL', pid);
  await vi.waitFor(async () => expect((await pod.ask('/readyz')).status).toBe(503), {
    ...soon,
    interval: 2,
  });
  expect(await pod.dial()).toBeUndefined();
  await vi.waitFor(() => expect(pod.words).toMatchObject([{ draining: true }]), { ...soon, interval: 2 });
  await vi.waitFor(async () => expect(await pod.figure('clrk_egress_processes')).toBe(2), soon);
  expect((await pod.ask('/readyz')).status).toBe(200);
  await vi.waitFor(() => expect(pod.words).toMatchObject([{ draining: false }]), soon);
  expect(pod.members.filter((pid) => before.includes(pid))).toEqual([]);
  expect(await call(await pod.dial())).toContain('200');
  // S13: what the dead had let in is not let in again.
  expect(await pod.dial(frame)).toBeUndefined();
}, 120_000);

test('told to end, all finish what is under way, and nothing is left', async () => {
  held = [];
  const told = held;
  const calls = [call(await pod.dial()), call(await pod.dial())];
  await vi.waitFor(() => expect(told).toHaveLength(2), soon);
  const members = [...pod.members];
  expect(members.map((pid) => pod.connectionsOf(pid))).toEqual([1, 1]);
  pod.signal('SIGTERM');
  await vi.waitFor(() => expect(pod.words).toMatchObject([{ draining: true }]), soon);
  // It takes connections for a while; the processes are told to end when it takes no more.
  await vi.waitFor(async () => expect(await pod.dial()).toBeUndefined(), soon);
  held = undefined;
  for (const answer of told) answer();
  for (const each of calls) expect(await each).toContain('200');
  expect(await pod.ended()).toBe(0);
  expect(members.filter(isRunning)).toEqual([]);
  await vi.waitFor(() => expect(pod.words).toEqual([]), soon);
}, 120_000);

test('when the process that listens is killed, no other outlives it', async () => {
  if (!pod.isUp) await pod.start('2');
  const socket = await pod.dial();
  const members = [...pod.members];
  expect(members).toHaveLength(2);
  pod.signal('SIGKILL');
  await vi.waitFor(() => expect(members.filter(isRunning)).toEqual([]), soon);
  await vi.waitFor(() => expect(socket?.destroyed).toBe(true), soon);
}, 120_000);
