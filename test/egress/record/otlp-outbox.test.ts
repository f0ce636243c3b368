/** The outbox against a real HTTP server that answers as each test says. */
import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { AttributeList } from '../../../egress/record/attribute-list.ts';
import { OtlpOutbox } from '../../../egress/record/otlp-outbox.ts';
import { createSimpleRecord, type SpanRecord } from '../../../egress/record/span-record.ts';
import { createCa, issueLeaf } from '../../../pki/index.ts';

interface Seen {
  readonly path: string;
  readonly authorization: string;
  readonly body: Buffer;
}

let server: Server | undefined;
let seen: Seen[] = [];
let dropped = 0;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  seen = [];
  dropped = 0;
});

/** `answer` gets the number of requests before this one. */
async function open(answer: (before: number) => number, maxWaitingBytes?: number): Promise<OtlpOutbox> {
  const listening = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const status = answer(seen.length);
      const { authorization = '' } = request.headers;
      seen.push({ path: request.url ?? '', authorization, body: Buffer.concat(chunks) });
      response.writeHead(status).end();
    });
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const { port } = listening.address() as AddressInfo;
  return new OtlpOutbox({
    endpoint: `http://127.0.0.1:${port}/`,
    token: 'secret-token',
    resource: {},
    onDropped: (records) => {
      dropped += records;
    },
    ...(maxWaitingBytes === undefined ? {} : { maxWaitingBytes }),
  });
}

function portOf(listening: Server | undefined): number {
  const address = listening?.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function record(name: string): SpanRecord {
  return createSimpleRecord({
    name,
    start: 1,
    end: 2,
    agentId: 'TaskAgent/default/hello',
    refused: false,
    attributes: new AttributeList(),
    errorMessage: undefined,
    log: { severity: 'INFO', body: 'egress call' },
  });
}

const untilSeen = (count: number): Promise<void> =>
  vi.waitFor(() => expect(seen.length).toBeGreaterThanOrEqual(count), { timeout: 20_000 });

test('spans and logs are sent with the token, without being asked', async () => {
  const outbox = await open(() => 200);
  outbox.add(record('first-call'));
  await untilSeen(2);
  expect(seen.map(({ path }) => path)).toEqual(['/v1/traces', '/v1/logs']);
  expect(seen[0]?.authorization).toBe('Bearer secret-token');
  expect(seen[0]?.body.includes('first-call')).toBe(true);
  await outbox.close(1_000);
  expect(dropped).toBe(0);
});

test('what telemetry could not take is sent again, the same bytes', async () => {
  const outbox = await open((before) => (before < 2 ? 503 : 200));
  outbox.add(record('kept'));
  await untilSeen(4);
  expect(seen.map(({ path }) => path)).toEqual(['/v1/traces', '/v1/traces', '/v1/traces', '/v1/logs']);
  expect(seen[2]?.body.equals(seen[0]?.body ?? Buffer.alloc(0))).toBe(true);
  await outbox.close(1_000);
  expect(dropped).toBe(0);
});

test('what telemetry refuses is dropped and counted, and the next batch goes on', async () => {
  const outbox = await open((before) => (before === 0 ? 400 : 200));
  outbox.add(record('refused'));
  await untilSeen(2);
  expect(dropped).toBe(1);
  outbox.add(record('taken'));
  await untilSeen(3);
  expect(seen[2]?.body.includes('taken')).toBe(true);
  await outbox.close(1_000);
  expect(dropped).toBe(1);
});

test('what waits is bounded: the rest is dropped and counted, so is what is left at the end', async () => {
  const outbox = await open(() => 503, 100_000);
  for (let count = 0; count < 1_000; count += 1) outbox.add(record('x'.repeat(200)));
  expect(dropped).toBeGreaterThan(700);
  expect(dropped).toBeLessThan(1_000);
  expect(outbox.heldBytes).toBeLessThanOrEqual(100_000);
  await outbox.close(100);
  expect(dropped).toBe(1_000);
});

test('an endpoint that is no URL hurts nobody', async () => {
  const outbox = new OtlpOutbox({
    endpoint: 'not a url',
    token: '',
    resource: {},
    onDropped: (records) => {
      dropped += records;
    },
  });
  outbox.add(record('lost'));
  await outbox.close(100);
  expect(dropped).toBe(1);
});

test('bodies are whole and their own, batch after batch, while memory is used again', async () => {
  const outbox = await open((before) => (before === 2 ? 503 : 200));
  const names = ['batch-a', 'batch-b', 'batch-c', 'batch-d'];
  for (const [index, name] of names.entries()) {
    outbox.add(record(name));
    // One of them is sent twice.
    await untilSeen(index === 0 ? 2 : 3 + 2 * index);
  }
  await outbox.close(2_000);
  const traces = seen.filter(({ path }) => path === '/v1/traces').map(({ body }) => body.toString('latin1'));
  expect(traces.map((body) => names.filter((name) => body.includes(name)))).toEqual([
    ['batch-a'],
    ['batch-b'],
    ['batch-b'],
    ['batch-c'],
    ['batch-d'],
  ]);
  expect(dropped).toBe(0);
});

test('another endpoint: what waits and what was promised room goes there, nothing is lost', async () => {
  const outbox = await open(() => 503);
  outbox.add(record('waiting'));
  const slot = outbox.admit('TaskAgent/default/hello');
  await untilSeen(1);
  const first = server;
  const before = seen.length;
  const next = await open(() => 200);
  await next.close(1);
  outbox.retarget({ endpoint: `http://127.0.0.1:${portOf(server)}`, token: 'next-token' });
  slot?.put(record('promised'));
  await vi.waitFor(() => {
    const bodies = seen.slice(before).filter(({ authorization }) => authorization === 'Bearer next-token');
    const text = bodies.map(({ body }) => body.toString('latin1')).join('');
    expect([text.includes('waiting'), text.includes('promised')]).toEqual([true, true]);
  }, 20_000);
  first?.closeAllConnections();
  first?.close();
  await outbox.close(1_000);
  expect(dropped).toBe(0);
});

test('a call is not admitted where its record would not fit, and a slot given back is free again', async () => {
  const outbox = await open(() => 200, 400_000);
  const slots = Array.from({ length: 30 }, () => outbox.admit('a'));
  const given = slots.filter((slot) => slot !== undefined);
  expect(given.length).toBeGreaterThan(1);
  expect(given.length).toBeLessThan(20);
  expect(outbox.admit('b')).toBeDefined();
  given[0]?.release();
  given[0]?.release();
  expect(outbox.admit('a')).toBeDefined();
  expect(outbox.admit('a')).toBeUndefined();
  await outbox.close(100);
  expect(outbox.admit('c')).toBeUndefined();
});

test('a record that comes when all is over is counted as dropped', async () => {
  const outbox = await open(() => 200);
  const slot = outbox.admit('a');
  await outbox.close(100);
  slot?.put(record('late'));
  outbox.add(record('later'));
  expect(dropped).toBe(2);
});

test('S51: over TLS the token goes to a server of the platform’s CA, and to no other', async () => {
  const ca = createCa({ commonName: 'platform', years: 1 });
  const names = { commonName: 'clrk-telemetry', dnsNames: [], ips: ['127.0.0.1'] };
  const { certificatePem: cert, privateKeyPem: key } = issueLeaf({
    ca,
    ...names,
    ttlMs: 3_600_000,
    usage: 'server',
  });
  let taken = 0;
  const listening = createSecureServer({ cert, key }, (request, response) => {
    taken += 1;
    request.resume();
    response.end();
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const endpoint = `https://127.0.0.1:${(listening.address() as AddressInfo).port}`;
  const common = {
    endpoint,
    token: 'secret-token',
    resource: {},
    onDropped: (count: number) => (dropped += count),
  };
  const stranger = new OtlpOutbox({
    ...common,
    caPem: createCa({ commonName: 'other', years: 1 }).certificatePem,
  });
  stranger.add(record('a'));
  await stranger.close(500);
  expect({ taken, dropped }).toEqual({ taken: 0, dropped: 1 });
  const own = new OtlpOutbox({ ...common, caPem: ca.certificatePem });
  own.add(record('a'));
  await own.close(5_000);
  expect({ taken, dropped }).toEqual({ taken: 2, dropped: 1 });
});
