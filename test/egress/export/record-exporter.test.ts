/** Copies of records, for a real receiver over real TLS, beside a real store. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parseLogsRequest, parseTraceRequest } from '../../../telemetry/otlp/otlp-message.ts';
import { createTestCa } from '../test-ca.ts';
import { openExportBed, openReceiver, type ExportBed, type Receiver } from './export-bed.ts';

let bed: ExportBed;
let other: Receiver | undefined;

beforeEach(async () => {
  bed = await openExportBed({ maxBytes: 100_000 });
});
afterEach(async () => {
  other?.close();
  other = undefined;
  await bed.close();
  expect(bed.count.broken).toBe(0);
});

const until = (check: () => void, timeout = 30_000): Promise<void> =>
  vi.waitFor(check, { timeout, interval: 20 });
const untilSeen = (receiver: Receiver, count: number): Promise<void> =>
  until(() => expect(receiver.seen.length).toBeGreaterThanOrEqual(count));

test('a receiver gets, byte for byte, what the store gets, by its own headers', async () => {
  const source = { namespace: 'default', name: 'otel', key: 'token' };
  bed.use({ headers: [{ name: 'X-Key', value: 'own-key', source }] });
  bed.add('first-call');
  await untilSeen(bed.receiver, 2);
  await untilSeen(bed.store, 2);
  const [traces, logs] = bed.receiver.seen;
  expect([traces?.path, logs?.path]).toEqual(['/v1/traces', '/v1/logs']);
  expect(traces?.headers).toMatchObject({ 'x-key': 'own-key', 'content-type': 'application/x-protobuf' });
  expect(traces?.headers.host).toBe(`collector.example.com:${bed.receiver.port}`);
  expect(JSON.stringify(traces?.headers)).not.toContain('platform-token');
  expect(bed.receiver.seen.map(({ body }) => body.toString('hex'))).toEqual(
    bed.store.seen.map(({ body }) => body.toString('hex')),
  );
  const spans = parseTraceRequest('protobuf', traces?.body ?? Buffer.alloc(0));
  expect(JSON.stringify(spans)).toContain('first-call');
  const records = parseLogsRequest('protobuf', logs?.body ?? Buffer.alloc(0));
  expect(JSON.stringify(records)).toContain('egress call');
  expect(bed.copies.state).toEqual({ arrived: true, losing: false });
  expect(bed.count).toMatchObject({ sent: 1, lost: 0 });
});

test('the path of an endpoint stays, and its query', async () => {
  bed.use({ endpoint: `https://collector.example.com:${bed.receiver.port}/otlp/?team=a` });
  bed.add('a');
  await untilSeen(bed.receiver, 2);
  expect(bed.receiver.seen[0]?.path).toBe('/otlp/v1/traces?team=a');
});

test('a store that is away keeps nothing from the receiver', async () => {
  bed.use({});
  bed.store.answer = () => ({ status: 503 });
  bed.add('one');
  await untilSeen(bed.receiver, 2);
  bed.add('two');
  await untilSeen(bed.receiver, 4);
  expect(bed.receiver.seen[2]?.body.includes('two')).toBe(true);
});

test('a receiver that never answers refuses nobody, holds no more than its bound, and what is lost is counted', async () => {
  bed.use({});
  bed.receiver.answer = () => undefined;
  let most = 0;
  for (let round = 0; round < 15; round += 1) {
    for (let call = 0; call < 50; call += 1) {
      const slot = bed.outbox.admit('TaskAgent/default/hello');
      expect(slot).toBeDefined();
      slot?.release();
      bed.add(`call-${call} ${'x'.repeat(200)}`);
    }
    const stored = bed.store.seen.length;
    await untilSeen(bed.store, stored + 2);
    most = Math.max(most, bed.copies.heldBytes);
  }
  expect(most).toBeGreaterThan(50_000);
  expect(most).toBeLessThanOrEqual(100_000);
  expect(bed.count.lost).toBeGreaterThan(200);
  expect(bed.copies.state?.losing).toBe(true);
});

test('busy: the same bytes again, and not before the receiver asked for them', async () => {
  bed.use({});
  bed.receiver.answer = (before) =>
    before === 0 ? { status: 429, headers: { 'retry-after': '2' } } : { status: 200 };
  bed.add('kept');
  await untilSeen(bed.receiver, 1);
  await until(() => expect(bed.copies.state?.fault).toEqual({ code: 'Answered', status: 429 }));
  await untilSeen(bed.receiver, 3);
  const [first, second] = bed.receiver.seen;
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(1_900);
  expect(second?.body.equals(first?.body ?? Buffer.alloc(0))).toBe(true);
  await until(() => expect(bed.copies.state).toEqual({ arrived: true, losing: false }));
  expect(bed.count.lost).toBe(0);
});

test.each([400, 401, 500, 307])('%i: it is lost, counted and told, and the next goes on', async (status) => {
  bed.use({});
  const location = `https://collector.example.com:${bed.receiver.port}/elsewhere`;
  bed.receiver.answer = (before) => (before === 0 ? { status, headers: { location } } : { status: 200 });
  bed.add('refused');
  await untilSeen(bed.receiver, 2);
  expect(bed.count.lost).toBe(1);
  bed.add('taken');
  await untilSeen(bed.receiver, 3);
  expect(bed.receiver.seen[2]?.body.includes('taken')).toBe(true);
  expect(bed.receiver.seen.some(({ path }) => path === '/elsewhere')).toBe(false);
});

test.each([
  ['loopback', '127.0.0.1'],
  ['metadata', '169.254.169.254'],
  ['the platform', '198.51.100.9'],
])('S25: a name that stands for %s, among others, is not dialled', async (_, address) => {
  bed.answers = [bed.ip, address];
  const destinations = { defaultPolicy: 'allow-all' as const, rules: [], platformCidrs: ['198.51.100.0/24'] };
  bed.use({}, { destinations });
  bed.add('a');
  await until(() => expect(bed.copies.state?.fault).toEqual({ code: 'AddressRefused' }));
  expect(bed.receiver.seen).toEqual([]);
});

test.each([
  'https://127.0.0.1:1',
  'https://[::1]:1',
  'https://2130706433:1',
  'https://a:b@collector.example.com',
  'grpc://a',
])('S25: nothing is sent to %s', (endpoint) => {
  bed.use({ endpoint });
  expect(bed.copies.isWanted).toBe(false);
});

test('S51: a receiver whose certificate nobody vouches for gets neither records nor headers', async () => {
  const { certificatePem } = createTestCa('other');
  const upstream = {
    ...{ additionalTrustPem: certificatePem, hostAliases: [] },
    ...{ lookupFamily: 'V4Preferred' as const, requestTimeoutMs: 1_000 },
  };
  bed.use({}, { upstream });
  bed.add('a');
  await until(() => expect(bed.copies.state?.fault).toEqual({ code: 'TlsRefused' }));
  expect(bed.receiver.seen).toEqual([]);
});

test('another endpoint gets what waits; none gets nothing, and what waited is counted', async () => {
  bed.receiver.answer = () => ({ status: 503 });
  bed.use({});
  bed.add('waiting');
  await untilSeen(bed.receiver, 1);
  other = await openReceiver(bed.ip, true);
  bed.use({ endpoint: `https://collector.example.com:${other.port}` });
  await untilSeen(other, 2);
  expect(other.seen[0]?.body.includes('waiting')).toBe(true);
  other.answer = () => ({ status: 503 });
  bed.add('late');
  await untilSeen(other, 3);
  bed.use(undefined);
  expect(bed.copies.state).toBeUndefined();
  expect(bed.copies.heldBytes).toBe(0);
  expect(bed.count).toMatchObject({ sent: 1, lost: 1 });
});
