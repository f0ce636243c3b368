import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ingressStatusSchema, statusBucket, statusKey, type IngressStatus } from '../../contract/index.ts';
import {
  connectNats,
  createLog,
  openStatusBucket,
  StatusPublisher,
  StatusView,
  type StatusBucket,
} from '../../process/index.ts';
import { TestNats } from './nats-server.ts';

const log = createLog('ingress', { CLRK_LOG_LEVEL: 'silent' });
const soon = { timeout: 20_000, interval: 50 };

function record(pod: string, part: Partial<IngressStatus> = {}): IngressStatus {
  return {
    version: 1,
    role: 'ingress',
    namespace: 'clrk-system',
    pod,
    address: '127.0.0.1:1',
    configDigest: '',
    draining: false,
    at: Date.now(),
    ...part,
  };
}

describe('process status in NATS', () => {
  const nats = new TestNats();
  let connection: Awaited<ReturnType<typeof connectNats>>;
  let bucket: StatusBucket;

  beforeAll(async () => {
    await nats.start();
    connection = await connectNats(nats.access, { name: 'test', log });
    bucket = await openStatusBucket(connection);
  });
  afterAll(async () => {
    await connection.close();
    await nats[Symbol.asyncDispose]();
  });

  test('what a process says, others see; what it changes follows; when it closes it is gone', async () => {
    let state = record('a');
    const view = new StatusView(bucket, 'ingress', ingressStatusSchema, { now: Date.now });
    const publisher = new StatusPublisher({
      bucket,
      key: statusKey.ingress('clrk-system', 'a'),
      snapshot: () => ({ ...state, at: Date.now() }),
      log,
    });
    publisher.changed();
    await vi.waitFor(() => expect(view.live()).toMatchObject([{ pod: 'a', draining: false }]), soon);
    state = record('a', { draining: true });
    publisher.changed();
    await vi.waitFor(() => expect(view.live()).toMatchObject([{ pod: 'a', draining: true }]), soon);
    await publisher.close();
    await vi.waitFor(() => expect(view.live()).toEqual([]), soon);
  });

  test('a process that went silent is dead after the bound, though its record is still there', async () => {
    let now = Date.now();
    const view = new StatusView(bucket, 'ingress', ingressStatusSchema, { now: () => now });
    const key = statusKey.ingress('clrk-system', 'silent');
    await bucket.put(key, JSON.stringify(record('silent', { at: now })));
    await vi.waitFor(() => expect(view.live()).toHaveLength(1), soon);
    now += statusBucket.deadAfterMs + 1;
    expect(view.live()).toEqual([]);
  });

  test('S46: a record that does not fit the schema is not believed', async () => {
    const view = new StatusView(bucket, 'ingress', ingressStatusSchema, { now: Date.now });
    await bucket.put(statusKey.ingress('clrk-system', 'odd'), '{"role":"ingress"}');
    await bucket.put(statusKey.ingress('clrk-system', 'good'), JSON.stringify(record('good')));
    await vi.waitFor(() => expect(view.live().map((each) => each.pod)).toContain('good'), soon);
    expect(view.live().map((each) => each.pod)).not.toContain(undefined);
  });

  test('R2: NATS killed and back: the last known stays, and news arrive again by themselves', async () => {
    const view = new StatusView(bucket, 'ingress', ingressStatusSchema, { now: Date.now });
    const publisher = new StatusPublisher({
      bucket,
      key: statusKey.ingress('clrk-system', 'steady'),
      snapshot: () => record('steady'),
      log,
    });
    publisher.changed();
    const pods = (): string[] => view.live().map((each) => each.pod);
    await vi.waitFor(() => expect(pods()).toContain('steady'), soon);
    await nats.kill();
    expect(pods()).toContain('steady');
    await nats.start();
    const other = new StatusPublisher({
      bucket,
      key: statusKey.ingress('clrk-system', 'newcomer'),
      snapshot: () => record('newcomer'),
      log,
    });
    other.changed();
    await vi.waitFor(() => expect(pods()).toContain('newcomer'), { timeout: 45_000, interval: 100 });
    await publisher.close();
    await other.close();
  });

  test('S51: claims of another installation are refused, and not retried for ever', async () => {
    const { jwt, seed } = new TestNats().access;
    await expect(connectNats({ ...nats.access, jwt, seed }, { name: 'test', log })).rejects.toThrow();
    await expect(connectNats({ ...nats.access, seed }, { name: 'test', log })).rejects.toThrow();
  });

  test('S57: a record under another one’s key is dropped and counted, and what was known stays', async () => {
    const refused: string[] = [];
    const onRefused = (key: string): void => void refused.push(key);
    const view = new StatusView(bucket, 'ingress', ingressStatusSchema, { now: Date.now, onRefused });
    const key = statusKey.ingress('clrk-system', 'victim');
    await bucket.put(key, JSON.stringify(record('victim', { address: '127.0.0.1:7' })));
    const seen = (): string[] =>
      view.live().flatMap(({ pod, address }) => (pod === 'victim' ? [address] : []));
    await vi.waitFor(() => expect(seen()).toEqual(['127.0.0.1:7']), soon);
    // What a pub ack that was sent to the victim's key looks like, and a word of somebody else.
    await bucket.put(key, '{"stream":"KV_CLRK_STATUS","seq":9}');
    await bucket.put(key, JSON.stringify(record('other')));
    await vi.waitFor(() => expect(refused.filter((each) => each === key)).toHaveLength(2), soon);
    expect(seen()).toEqual(['127.0.0.1:7']);
  });
});
