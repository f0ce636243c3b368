/** Sinks: each gets the records that are for it and no others, over real TLS, and none harms another or the store. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { RecordSink } from '../../../contract/index.ts';
import { parseLogsRequest, parseTraceRequest } from '../../../telemetry/otlp/otlp-message.ts';
import { collector, openExportBed, openReceiver, type ExportBed, type Receiver } from './export-bed.ts';

let bed: ExportBed;
let archive: Receiver;
let audit: Receiver;

beforeEach(async () => {
  bed = await openExportBed({ maxSinkBytes: 60_000 });
  archive = await openReceiver(bed.ip, true);
  audit = await openReceiver(bed.ip, true);
});
afterEach(async () => {
  await bed.close();
  archive.close();
  audit.close();
  expect(bed.count.broken).toBe(0);
});

const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 30_000, interval: 20 });
const sinkAt = (name: string, { port }: Receiver, change: Partial<RecordSink> = {}): RecordSink => ({
  name,
  endpoint: `https://${collector}:${port}`,
  headers: [{ name: 'x-sink', value: name }],
  ...change,
});
const useSinks = (...recordSinks: RecordSink[]): void => bed.use(undefined, { recordSinks });

/** Names of the spans, and how many logs came with them. */
function seenBy({ seen }: Receiver): { readonly spans: readonly string[]; readonly logs: number } {
  const of = (signal: string): Buffer[] =>
    seen.filter(({ path }) => path.endsWith(signal)).map(({ body }) => body);
  const requests = of('traces').map((body) => parseTraceRequest('protobuf', body));
  const spans = requests.flatMap(({ resourceSpans = [] }) =>
    (resourceSpans ?? []).flatMap(({ scopeSpans = [] }) =>
      (scopeSpans ?? []).flatMap(({ spans: own }) => own ?? []),
    ),
  );
  const logs = of('logs')
    .map((body) => parseLogsRequest('protobuf', body))
    .flatMap(({ resourceLogs = [] }) =>
      (resourceLogs ?? []).flatMap(({ scopeLogs = [] }) =>
        (scopeLogs ?? []).flatMap(({ logRecords }) => logRecords ?? []),
      ),
    );
  return { spans: spans.map(({ name }) => name ?? ''), logs: logs.length };
}

test('each gets what is for it, byte for byte, by its own headers, and nothing else', async () => {
  useSinks(sinkAt('archive', archive), sinkAt('audit', audit));
  bed.add('nobody-but-the-store');
  bed.add('for-both', ['archive', 'audit']);
  bed.add('for-audit', ['audit']);
  bed.add('for-one-that-is-not-there', ['gone']);
  await until(() => {
    expect(seenBy(archive)).toEqual({ spans: ['for-both'], logs: 1 });
    expect(seenBy(audit)).toEqual({ spans: ['for-both', 'for-audit'], logs: 2 });
    expect(seenBy(bed.store).spans).toHaveLength(4);
  });
  expect(bed.receiver.seen).toEqual([]);
  expect(archive.seen[0]?.headers).toMatchObject({ 'x-sink': 'archive' });
  expect(JSON.stringify([...archive.seen, ...audit.seen].map(({ headers }) => headers))).not.toContain(
    'platform-token',
  );
  const stored = Buffer.concat(bed.store.seen.map(({ body }) => body));
  const [traces] = archive.seen;
  // Ids included: whoever finds a call in one place finds it in the other.
  const member = traces?.body.subarray(traces.body.indexOf('for-both') - 30, traces.body.length);
  expect(member !== undefined && stored.includes(member)).toBe(true);
  await until(() =>
    expect(bed.count.sinks).toEqual(
      new Map([
        ['archive sent', 1],
        ['audit sent', 2],
      ]),
    ),
  );
  expect(bed.copies.sinkStates).toEqual({
    archive: { arrived: true, losing: false },
    audit: { arrived: true, losing: false },
  });
});

test('the receiver of every record gets its copy beside the sinks', async () => {
  bed.use({}, { recordSinks: [sinkAt('archive', archive)] });
  bed.add('plain');
  bed.add('marked', ['archive']);
  await until(() => {
    expect(seenBy(bed.receiver).spans).toEqual(['plain', 'marked']);
    expect(seenBy(archive).spans).toEqual(['marked']);
  });
});

test('one that is silent holds its own share, loses what does not fit, and keeps nothing from anybody', async () => {
  useSinks(sinkAt('archive', archive), sinkAt('audit', audit));
  archive.answer = () => undefined;
  let most = 0;
  for (let round = 0; round < 12; round += 1) {
    for (let call = 0; call < 40; call += 1) {
      const slot = bed.outbox.admit('TaskAgent/default/hello');
      expect(slot).toBeDefined();
      slot?.release();
      bed.add(`call-${round}-${call} ${'x'.repeat(200)}`, ['archive', 'audit']);
    }
    await until(() => expect(seenBy(bed.store).spans).toHaveLength(40 * (round + 1)));
    most = Math.max(most, bed.copies.heldBytes);
  }
  await until(() => expect(seenBy(audit).spans).toHaveLength(480));
  // Two sinks, of which one holds nothing in the end.
  expect(most).toBeLessThanOrEqual(120_000);
  await until(() => expect(bed.copies.heldBytes).toBeLessThanOrEqual(60_000));
  expect(bed.count.sinks.get('archive lost')).toBeGreaterThan(100);
  expect(bed.count.sinks.get('audit lost')).toBeUndefined();
  expect(bed.copies.sinkStates?.['archive']?.losing).toBe(true);
  expect(bed.copies.sinkStates?.['audit']?.losing).toBe(false);
});

test('a store that is away keeps nothing from a sink', async () => {
  useSinks(sinkAt('archive', archive));
  bed.store.answer = () => ({ status: 503 });
  bed.add('one', ['archive']);
  await until(() => expect(seenBy(archive).spans).toEqual(['one']));
});

test('S25: a sink whose name stands for an address that is never open is not dialled', async () => {
  bed.answers = [bed.ip, '169.254.169.254'];
  useSinks(sinkAt('archive', archive));
  bed.add('a', ['archive']);
  await until(() => expect(bed.copies.sinkStates?.['archive']?.fault).toEqual({ code: 'AddressRefused' }));
  expect(archive.seen).toEqual([]);
});

test('one that is broken gets nothing, and says nothing of itself; the others do', async () => {
  useSinks(sinkAt('archive', archive, { broken: 'SecretNotFound' }), sinkAt('audit', audit));
  bed.add('a', ['archive', 'audit']);
  await until(() => expect(seenBy(audit).spans).toEqual(['a']));
  expect(archive.seen).toEqual([]);
  expect(Object.keys(bed.copies.sinkStates ?? {})).toEqual(['audit']);
});

test('a sink that goes drops what waits for it, and counts it; the others go on', async () => {
  archive.answer = () => ({ status: 503 });
  useSinks(sinkAt('archive', archive), sinkAt('audit', audit));
  bed.add('waits', ['archive', 'audit']);
  await until(() => expect(archive.seen.length).toBeGreaterThan(0));
  useSinks(sinkAt('audit', audit));
  expect(bed.copies.isSinkWanted('archive')).toBe(false);
  expect(bed.count.sinks.get('archive lost')).toBe(1);
  bed.add('later', ['archive', 'audit']);
  await until(() => expect(seenBy(audit).spans).toEqual(['waits', 'later']));
});
