/** The stream's fill as a condition of the installation: long before it stops calls, with the operator's own rights. */
import type { NatsConnection } from 'nats';
import { afterEach, expect, test, vi } from 'vitest';
import { invocationStream } from '../../contract/index.ts';
import { clrkConfigStatus } from '../../operator/clrkconfig/status.ts';
import { diffStatus } from '../../operator/data-plane-status.ts';
import type { CLRKConfig } from '../../operator/kind.ts';
import { NatsDataPlanes } from '../../operator/nats-data-planes.ts';
import { fillingFrom, parseRecordRoom, recordRoomFinding } from '../../operator/record-room.ts';
import { connectNats, createLog } from '../../process/index.ts';
import { ensureInvocationStream } from '../../telemetry/stream/invocation-stream.ts';
import { pressureFill } from '../../telemetry/stream/stream-keeper.ts';
import { TestNats } from '../process/nats-server.ts';

const log = createLog('operator', { CLRK_LOG_LEVEL: 'silent' });
const soon = { timeout: 20_000, interval: 30 };
const closing: Array<() => Promise<void>> = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const info = (bytes: number, max = 1_000, discard = 'new') =>
  parseRecordRoom({ config: { max_bytes: max, discard }, state: { bytes } });

test.each([
  ['empty', info(0), 'True', 'RoomLeft'],
  ['what is stored gives way', info(500), 'True', 'RoomLeft'],
  ['ClickHouse is behind', info(600), 'False', 'Filling'],
  ['soon full', info(850), 'False', 'NearlyFull'],
  ['without a bound', info(1e9, -1), 'True', 'RoomLeft'],
  ['not made yet', parseRecordRoom({}), 'Unknown', 'NotKnown'],
])('%s', (_name, room, status, reason) => {
  expect(recordRoomFinding(room)).toMatchObject({ type: 'RecordsHaveRoom', status, reason });
});

test('the message says what a full stream does, and does not change with every event', () => {
  expect(recordRoomFinding(info(700)).message).toContain('RECORDS_UNAVAILABLE');
  expect(recordRoomFinding(info(700, 1_000, 'old')).message).toContain('the oldest events are lost');
  expect(recordRoomFinding(info(700))).toEqual(recordRoomFinding(info(720)));
});

test('what gives way by itself raises nothing', () => {
  expect(fillingFrom).toBeGreaterThan(pressureFill);
});

test('CLRKConfig has the condition; a stream that fills makes no object unready', () => {
  const metadata = { name: 'default', namespace: 'clrk-system', generation: 1 };
  const config = { metadata, spec: {} } as unknown as CLRKConfig;
  const status = clrkConfigStatus(config, {
    systemNamespace: 'clrk-system',
    now: 0,
    recordRoom: info(900),
  });
  expect(status).toMatchObject({
    conditions: [
      { type: 'Accepted', status: 'True' },
      { type: 'RecordsHaveRoom', status: 'False', reason: 'NearlyFull' },
      { type: 'Ready', status: 'True' },
    ],
  });
});

test('a step up or down is looked at again, a byte is not', () => {
  const at = (bytes: number | undefined) => ({
    ...{ workers: [], gateways: [], ingresses: [] },
    recordRoom: bytes === undefined ? undefined : info(bytes),
  });
  const moved = [
    [undefined, 1],
    [1, 100],
    [100, 700],
    [700, 1],
  ].map(([before, after]) => diffStatus(at(before), at(after)).recordRoom);
  expect(moved).toEqual([true, false, true, true]);
});

async function openServer(): Promise<TestNats> {
  const nats = new TestNats();
  await nats.start();
  closing.push(async () => await nats[Symbol.asyncDispose]());
  return nats;
}

test('on a real server the operator sees it fill, and has no right to what is in it', async () => {
  const nats = await openServer();
  const as = async (role: 'operator' | 'ingress' | 'telemetry'): Promise<NatsConnection> => {
    const connection = await connectNats(nats.accessOf({ role }), { name: role, log });
    closing.push(async () => await connection.close());
    return connection;
  };
  const ingress = await as('ingress');
  const dataPlanes = new NatsDataPlanes();
  const end = new AbortController();
  const following = dataPlanes.follow({
    access: () => nats.accessOf({ role: 'operator' }),
    ...{ log, signal: end.signal, roomEveryMs: 30 },
    onChange: () => undefined,
    onRefused: () => undefined,
  });
  closing.push(async () => {
    end.abort();
    await following;
  });
  await ensureInvocationStream(await as('telemetry'), { maxBytes: 1_000_000, whenFull: 'refuse' });
  await vi.waitFor(() => expect(dataPlanes.recordRoom()?.step).toBe('roomy'), soon);
  const publish = async (count: number): Promise<void> => {
    const subject = 'clrk.invocations.shop._ingress.TaskAgent.hello';
    for (let sent = 0; sent < count; sent += 1)
      await ingress.jetstream().publish(subject, 'x'.repeat(60_000));
  };
  await publish(11);
  await vi.waitFor(() => expect(dataPlanes.recordRoom()?.step).toBe('filling'), soon);
  // It still takes events: nobody was refused one yet.
  await publish(4);
  await vi.waitFor(() => expect(dataPlanes.recordRoom()?.step).toBe('nearly-full'), soon);
  const operator = await as('operator');
  const { name } = invocationStream;
  for (const subject of ['PURGE', 'DELETE', 'UPDATE', 'MSG.GET', 'SNAPSHOT'].map(
    (verb) => `${verb}.${name}`,
  )) {
    const asked = operator.request(`$JS.API.STREAM.${subject}`, '{"seq":1}', { timeout: 500 });
    await expect(asked).rejects.toThrow();
  }
  await expect(
    operator.request(`$JS.API.DIRECT.GET.${name}`, '{"seq":1}', { timeout: 500 }),
  ).rejects.toThrow();
});
