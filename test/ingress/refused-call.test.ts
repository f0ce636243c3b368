/** Calls that are refused: status, code, what is recorded, and that the caller gets to read it. */
import { describe, expect, test } from 'vitest';
import { until } from '../telemetry/embedded.ts';
import { call } from './call.ts';
import { agent, configWith, IngressBed } from './ingress-bed.ts';
import { sendWholeThenRead } from './whole-then-read.ts';

const bed = new IngressBed();

describe('a call that is refused', () => {
  test.each([
    ['names no agent', { path: '/' }, 400, 'TARGET_MISSING'],
    ['names it badly', { path: '/agents/Shop/hello' }, 400, 'TARGET_INVALID'],
    ['names two', { headers: { 'x-clrk-taskagent': 'shop/other' } }, 400, 'TARGET_CONFLICT'],
    ['names an unknown one', { path: '/agents/shop/nobody/' }, 404, 'AGENT_NOT_FOUND'],
    [
      'announces too much',
      { headers: { 'content-length': String(33 * 1024 * 1024) } },
      400,
      'BODY_TOO_LARGE',
    ],
  ])('because it %s: no record', async (_name, how, status, code) => {
    await bed.startWorker('w1');
    const answer = await call({ port: bed.ingress.port, ...how });
    expect(answer.status).toBe(status);
    expect(answer.headers['x-clrk-error-code']).toBe(code);
    expect(JSON.parse(answer.body)).toMatchObject({ code, message: expect.any(String) as string });
    expect(bed.events).toEqual([]);
  });

  test.each([
    ['of 33 MiB', 33, '/agents/shop/hello/', 400, 'BODY_TOO_LARGE'],
    ['of 20 MiB for an unknown agent', 20, '/agents/shop/nobody/', 404, 'AGENT_NOT_FOUND'],
  ])(
    'while it sends a body %s: a caller that sends all first reads why',
    async (_n, size, path, status, code) => {
      await bed.startWorker('w1');
      const answer = await sendWholeThenRead(bed.ingress.port, path, size * 1024 * 1024);
      expect(answer).toContain(`HTTP/1.1 ${status} `);
      expect(answer).toContain(`"code":"${code}"`);
    },
  );

  test('no ready revision: 503 and a Rejected record', async () => {
    const { servingRevision: _none, ...unready } = agent;
    bed.ingress.configure(configWith([unready]));
    const answer = await call({ port: bed.ingress.port });
    expect([answer.status, answer.headers['x-clrk-error-code']]).toEqual([503, 'NO_READY_REVISION']);
    expect(bed.events).toMatchObject([
      { status: { phase: 'Rejected', reason: 'NoReadyRevision', httpStatus: 503 } },
    ]);
  });

  test('no worker, only draining ones, or ones of another pool: 503 and a Rejected record', async () => {
    await bed.startWorker('w1', { draining: true });
    await bed.startWorker('w2', { pool: 'else' });
    const answer = await call({ port: bed.ingress.port });
    expect([answer.status, answer.headers['x-clrk-error-code']]).toEqual([503, 'NO_READY_WORKER']);
    expect(bed.events).toMatchObject([{ status: { phase: 'Rejected', reason: 'NoReadyWorker' } }]);
  });

  test('at maxConcurrent: 429 at once, and free again when one ends', async () => {
    bed.ingress.configure(configWith([{ ...agent, maxConcurrent: 2 }]));
    const worker = await bed.startWorker('w1', { at: Date.now() - 1_000 });
    const ends: Array<() => void> = [];
    worker.behaviour = (_call, response) => ends.push(() => response.end('done'));
    const running = [call({ port: bed.ingress.port }), call({ port: bed.ingress.port })];
    await until('both run', () => ends.length === 2);
    expect((await call({ port: bed.ingress.port })).status).toBe(429);
    ends.shift()?.();
    await Promise.race(running);
    const third = call({ port: bed.ingress.port });
    await until('a third runs', () => ends.length === 2);
    for (const end of ends) end();
    expect((await third).status).toBe(200);
    await Promise.all(running);
    expect(bed.phases().filter((phase) => phase === 'Rejected')).toHaveLength(1);
  });

  test('20 at once never exceed the limit', async () => {
    bed.ingress.configure(configWith([{ ...agent, maxConcurrent: 3 }]));
    const worker = await bed.startWorker('w1');
    const ends: Array<() => void> = [];
    worker.behaviour = (_call, response) => ends.push(() => response.end('done'));
    const calls = Array.from({ length: 20 }, () => call({ port: bed.ingress.port }));
    await until(
      'the rest are refused',
      () => bed.phases().filter((phase) => phase === 'Rejected').length === 17,
    );
    expect(worker.seen).toHaveLength(3);
    for (const end of ends) end();
    const statuses = (await Promise.all(calls)).map((answer) => answer.status);
    expect(statuses.filter((status) => status === 429)).toHaveLength(17);
  });

  test('a chunked body over 32 MiB: 400, nothing runs, Failed in the record', async () => {
    const worker = await bed.startWorker('w1');
    const answer = await call({
      port: bed.ingress.port,
      headers: { 'transfer-encoding': 'chunked' },
      body: Buffer.alloc(33 * 1024 * 1024),
    }).catch(() => undefined);
    expect(answer?.status ?? 400).toBe(400);
    expect(worker.seen).toEqual([]);
    await until('the record is closed', () => bed.phases().includes('Failed'));
    expect(bed.events.at(-1)).toMatchObject({ status: { reason: 'BodyTooLarge', httpStatus: 400 } });
  });

  test('records cannot be kept: 503, and the agent does not run unrecorded', async () => {
    await bed.ingress[Symbol.asyncDispose]();
    await bed.open({ outboxCapacity: 4 });
    bed.publishFails = true;
    const worker = await bed.startWorker('w1');
    expect((await call({ port: bed.ingress.port })).status).toBe(200);
    expect((await call({ port: bed.ingress.port })).status).toBe(200);
    const refused = await call({ port: bed.ingress.port });
    expect([refused.status, refused.headers['x-clrk-error-code']]).toEqual([503, 'RECORDS_UNAVAILABLE']);
    expect(worker.seen).toHaveLength(2);
    bed.publishFails = false;
    await until('the kept bed.events arrive', () => bed.events.length === 2);
    expect((await call({ port: bed.ingress.port })).status).toBe(200);
  });
});
