/** What telemetry takes in comes out of its read API: spans, logs and invocations, each once. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { otlpType } from '../../telemetry/otlp/otlp-schema.ts';
import { connectionLimits } from '../../telemetry/service.ts';
import { until } from './embedded.ts';
import { invocation } from './invocation-fixture.ts';
import { readerToken, useService } from './service-bed.ts';

const bed = useService();
/** A whole second, in nanoseconds: records of long ago are not taken. */
const hourAgoS = Math.trunc(Date.now() / 1000) - 3600;
const hourAgo = BigInt(hourAgoS) * 1_000_000_000n;
const hourAgoText = new Date(hourAgoS * 1000).toISOString().slice(0, 19);
const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
const agent = [text('agent.kind', 'TaskAgent'), text('agent.namespace', 'shop'), text('agent.name', 'hello')];

describe('OTLP to read API', () => {
  test('a protobuf span is read back whole as soon as its request is answered', async () => {
    const id = randomUUID();
    const bytes = otlpType.traceRequest
      .encode(
        otlpType.traceRequest.fromObject({
          resourceSpans: [
            {
              resource: {
                attributes: [text('service.name', 'clrk'), text('clrk.component', 'worker'), ...agent],
              },
              scopeSpans: [
                {
                  scope: { name: 'clrk' },
                  spans: [
                    {
                      traceId: Buffer.alloc(16, 7),
                      spanId: Buffer.alloc(8, 3),
                      parentSpanId: Buffer.alloc(8, 2),
                      name: 'sandbox.invoke',
                      kind: 2,
                      startTimeUnixNano: String(hourAgo + 123_456_789n),
                      endTimeUnixNano: String(hourAgo + 1_123_456_790n),
                      attributes: [
                        text('invocation.id', id),
                        { key: 'clrk.sandbox.exit_code', value: { intValue: '3' } },
                        { key: 'clrk.cost.usd', value: { doubleValue: 0.25 } },
                      ],
                      events: [
                        {
                          timeUnixNano: String(hourAgo + 500_000_000n),
                          name: 'x',
                          attributes: [text('k', "it's")],
                        },
                      ],
                      status: { code: 2, message: 'exit 3' },
                    },
                  ],
                },
              ],
            },
          ],
        }),
      )
      .finish();
    const answer = await bed.post('/v1/traces', gzipSync(bytes), {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'gzip',
    });
    expect(answer.status).toBe(200);
    expect(await bed.read(`/v1/namespaces/shop/taskagents/hello/traces?invocation=${id}`)).toEqual([
      {
        cursor: expect.stringMatching(/^\d+$/) as string,
        traceId: '07'.repeat(16),
        spanId: '03'.repeat(8),
        parentSpanId: '02'.repeat(8),
        name: 'sandbox.invoke',
        kind: 'Server',
        start: `${hourAgoText}.123456789Z`,
        durationNs: 1_000_000_001,
        statusCode: 'Error',
        statusMessage: 'exit 3',
        attributes: { 'invocation.id': id, 'clrk.sandbox.exit_code': '3', 'clrk.cost.usd': '0.25' },
        resource: Object.fromEntries([
          ['service.name', 'clrk'],
          ['clrk.component', 'worker'],
          ...agent.map(({ key, value }) => [key, value.stringValue]),
        ]) as unknown,
        events: [{ time: `${hourAgoText}.500000000Z`, name: 'x', attributes: { k: "it's" } }],
      },
    ]);
    expect(await bed.read(`/v1/namespaces/other/taskagents/hello/traces?invocation=${id}`)).toEqual([]);
  });

  test('JSON log lines come oldest first, filtered by stream, with newlines and quotes intact', async () => {
    const id = randomUUID();
    const record = (line: string, stream: string, nanos: number) => ({
      timeUnixNano: String(hourAgo + BigInt(nanos)),
      severityNumber: 9,
      body: { stringValue: line },
      attributes: [text('invocation.id', id), text('log.iostream', stream), ...agent],
    });
    const body = JSON.stringify({
      resourceLogs: [
        {
          resource: { attributes: [text('clrk.component', 'worker')] },
          scopeLogs: [
            {
              logRecords: [
                record('two\n\u001b[31m"', 'stdout', 2),
                record('one', 'stdout', 1),
                record('err', 'stderr', 3),
              ],
            },
          ],
        },
      ],
    });
    expect((await bed.post('/v1/logs', body, { 'content-type': 'application/json' })).status).toBe(200);
    const lines = await bed.read(
      `/v1/namespaces/shop/taskagents/hello/logs?invocation=${id}&iostream=stdout&component=worker`,
    );
    expect(lines.map((line) => line['body'])).toEqual(['one', 'two\n\u001b[31m"']);
    expect(lines[0]).toMatchObject({ severity: 'INFO', component: 'worker', iostream: 'stdout' });
  });

  test('a span without an id is rejected alone: partial success', async () => {
    const good = {
      traceId: 'ab'.repeat(16),
      spanId: 'cd'.repeat(8),
      name: 'ok',
      startTimeUnixNano: String(hourAgo),
    };
    const body = JSON.stringify({
      resourceSpans: [{ scopeSpans: [{ spans: [good, { ...good, spanId: '' }, null] }] }],
    });
    const answer = await bed.post('/v1/traces', body, { 'content-type': 'application/json' });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ partialSuccess: { rejectedSpans: '2' } });
  });

  test.each([
    ['no token', '/v1/traces', { authorization: '', 'content-type': 'application/json' }, 401],
    ['another token', '/v1/traces', { authorization: 'Bearer x', 'content-type': 'application/json' }, 401],
    ['another path', '/v1/metrics', { 'content-type': 'application/json' }, 404],
    ['another type', '/v1/traces', { 'content-type': 'text/plain' }, 415],
    ['not what it says', '/v1/traces', { 'content-type': 'application/x-protobuf' }, 400],
    ['not gzip', '/v1/traces', { 'content-type': 'application/json', 'content-encoding': 'gzip' }, 400],
  ])('is refused: %s', async (_name, path, headers, status) => {
    expect((await bed.post(path, '{"resourceSpans":', headers)).status).toBe(status);
  });

  test('S31: a gzip bomb is refused within the body limit', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const answer = await bed.post('/v1/logs', bomb, {
      'content-type': 'application/json',
      'content-encoding': 'gzip',
    });
    expect(answer.status).toBe(413);
  });
});

describe('invocations', () => {
  test('a late Running event does not undo a terminal one', async () => {
    const id = randomUUID();
    await bed.publish(invocation(id, { phase: 'Dispatched' }));
    await bed.publish(invocation(id, { phase: 'Succeeded', httpStatus: 200 }));
    await bed.publish(invocation(id, { phase: 'Running' }));
    await bed.publish(invocation(id, { phase: 'Failed', reason: 'WorkerLost' }));
    await until('the invocation is terminal', async () => {
      const [row] = await bed.read('/v1/namespaces/shop/taskagents/hello/invocations?invocation=' + id);
      return (row?.['status'] as { phase?: string } | undefined)?.phase === 'Succeeded';
    });
    const rowsIn = async (table: string): Promise<number> => {
      const [row] = await bed.store.query<{ rows: string }>(
        `SELECT count() AS rows FROM ${table} WHERE toString(id) = {id: String}`,
        { id },
      );
      return Number(row?.rows);
    };
    await until('all that was said before the end is there', async () => {
      return (await rowsIn('invocation_progress')) === 2;
    });
    expect([await rowsIn('invocations'), await rowsIn('invocations_by_agent')]).toEqual([1, 1]);
    expect(await bed.read(`/v1/namespaces/shop/invocations/${id}`)).toMatchObject([
      { status: { phase: 'Succeeded' } },
    ]);
  });

  test('one that nobody closes is closed as lost after its deadline', async () => {
    const id = randomUUID();
    await bed.publish(
      invocation(id, { phase: 'Running', deadline: new Date(Date.now() - 60_000).toISOString() }),
    );
    await until('it is closed', async () => {
      const [row] = await bed.read(`/v1/namespaces/shop/taskagents/hello/invocations?invocation=${id}`);
      const status = row?.['status'] as { phase?: string; reason?: string } | undefined;
      return status?.phase === 'Failed' && status.reason === 'Lost';
    });
  });

  test('what is not an invocation is dropped and blocks nothing', async () => {
    await bed.nats.jetstream().publish('clrk.invocations.shop.TaskAgent.hello', '{"not":"one"}');
    const id = randomUUID();
    await bed.publish(invocation(id, { phase: 'Succeeded' }));
    await until('the next one is there', async () => {
      const rows = await bed.read(`/v1/namespaces/shop/taskagents/hello/invocations?invocation=${id}`);
      return rows.length === 1;
    });
  });

  test('the namespace list is newest first', async () => {
    const rows = await bed.read('/v1/namespaces/shop/invocations?limit=2');
    expect(rows).toHaveLength(2);
    const times = rows.map((row) => (row['metadata'] as { creationTimestamp: string }).creationTimestamp);
    expect([...times].sort().reverse()).toEqual(times);
  });
});

describe('the read API refuses', () => {
  test.each([
    ['/v1/namespaces/shop/taskagents/hello/logs?limit=0', 400],
    ['/v1/namespaces/shop/taskagents/hello/logs?sinse=x', 400],
    ['/v1/namespaces/shop/taskagents/hello/secrets', 404],
    ['/v1/namespaces/shop/invocations/00000000-0000-4000-8000-000000000000', 404],
    ['/metrics', 404],
  ])('%s', async (path, status) => {
    const answer = await fetch(`http://127.0.0.1:${bed.service.readPort}${path}`, {
      headers: { 'x-clrk-authorization': readerToken() },
    });
    expect(answer.status).toBe(status);
  });

  test('a reader without the token', async () => {
    const answer = await fetch(`http://127.0.0.1:${bed.service.readPort}/v1/namespaces/shop/invocations`);
    expect(answer.status).toBe(401);
  });
});

test('a follower is given what arrives after it asked, once', async () => {
  const id = randomUUID();
  const abort = new AbortController();
  const answer = await fetch(
    `http://127.0.0.1:${bed.service.readPort}/v1/namespaces/shop/taskagents/hello/logs?follow=true&invocation=${id}`,
    { headers: { 'x-clrk-authorization': readerToken() }, signal: abort.signal },
  );
  let seen = '';
  const reading = (async () => {
    for await (const chunk of answer.body ?? []) seen += Buffer.from(chunk as Uint8Array).toString();
  })().catch(() => undefined);
  for (const line of ['first', 'second']) {
    const body = JSON.stringify({
      resourceLogs: [
        {
          scopeLogs: [
            {
              logRecords: [
                { body: { stringValue: line }, attributes: [text('invocation.id', id), ...agent] },
              ],
            },
          ],
        },
      ],
    });
    await bed.post('/v1/logs', body, { 'content-type': 'application/json' });
    await until(`the follower sees ${line}`, () => seen.includes(`"${line}"`));
  }
  abort.abort();
  await reading;
  expect(seen.split('"first"')).toHaveLength(2);
});

test('one peer has a share of connections: others get in', async () => {
  let closed = 0;
  const sockets = Array.from({ length: connectionLimits.peer + 10 }, () =>
    connect(bed.service.readPort, '127.0.0.1')
      .on('error', () => undefined)
      .on('close', () => (closed += 1)),
  );
  await until('what is over is closed', () => closed >= 10);
  // That alone: all of them would be closed in time, for want of a head.
  expect(closed).toBeLessThan(100);
  const other = connect({ port: bed.service.readPort, host: '127.0.0.1', localAddress: '127.0.0.2' });
  other.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const [head] = (await once(other, 'data')) as [Buffer];
  expect(head.toString()).toContain('HTTP/1.1 401');
  for (const socket of [...sockets, other]) socket.destroy();
});
