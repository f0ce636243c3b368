import { randomBytes, randomUUID } from 'node:crypto';
import { trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { IngressAgent, IngressConfig, Invocation, WorkerStatus } from '../../contract/index.ts';
import { openIngress, type Ingress } from '../../ingress/ingress.ts';
import { silentLog, until } from '../telemetry/embedded.ts';
import { sendWholeThenRead } from './whole-then-read.ts';
import { call } from './call.ts';
import { makeCertificates } from './certificates.ts';
import { WorkerStub } from './worker-stub.ts';

const certificates = makeCertificates(['worker.clrk.internal', 'ingress', 'other.clrk.internal']);
const foreign = makeCertificates(['worker.clrk.internal', 'ingress']);

const agent: IngressAgent = {
  kind: 'TaskAgent',
  namespace: 'shop',
  name: 'hello',
  uid: 'u1',
  pool: 'shop/pool',
  servingRevision: 'hello-00001',
  timeoutMs: 5_000,
  maxConcurrent: 0,
};

function configWith(agents: readonly IngressAgent[], client = certificates.ingress): IngressConfig {
  return {
    version: 1,
    digest: `sha256:${randomBytes(4).toString('hex')}`,
    agents: [...agents],
    dispatchTls: { ...client, serverCaPem: certificates.ca.certificatePem },
    platform: { nats: { url: '', user: '', password: '' }, otlp: { endpoint: '', token: '' } },
  };
}

let ingress: Ingress;
let events: Invocation[];
let workers: WorkerStatus[];
let stubs: WorkerStub[];
let publishFails: boolean;

async function open(more: { outboxCapacity?: number; guardMs?: number } = {}): Promise<void> {
  ingress = await openIngress({
    host: '127.0.0.1',
    port: 0,
    log: silentLog,
    publish: (_subject, payload) => {
      if (publishFails) return Promise.reject(new Error('NATS is away'));
      events.push(JSON.parse(payload) as Invocation);
      return Promise.resolve();
    },
    liveWorkers: () => workers,
    tracer: () => trace.getTracer('test'),
    ...more,
  });
  ingress.configure(configWith([agent]));
}

async function startWorker(pod: string, more: Partial<WorkerStatus> = {}): Promise<WorkerStub> {
  const stub = await WorkerStub.start(certificates['worker.clrk.internal'], certificates.ca);
  stubs.push(stub);
  workers.push(stub.status(pod, more));
  return stub;
}

const phases = (): string[] => events.map((event) => event.status.phase);

beforeEach(async () => {
  events = [];
  workers = [];
  stubs = [];
  publishFails = false;
  await open();
});

afterEach(async () => {
  await ingress[Symbol.asyncDispose]();
  for (const stub of stubs) await stub[Symbol.asyncDispose]();
});

describe('a call that runs', () => {
  test('reaches the worker with the platform’s headers and comes back whole', async () => {
    const worker = await startWorker('w1');
    worker.behaviour = (_call, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', trailer: 'x-clrk-exit-code' });
      response.write('hel');
      response.addTrailers({ 'x-clrk-exit-code': '3' });
      response.end('lo');
    };
    const id = randomUUID();
    const answer = await call({
      port: ingress.port,
      path: '/agents/shop/hello/v1/run?x=1',
      headers: {
        'x-clrk-invocation-id': id,
        'x-clrk-trigger': 'cli',
        'x-clrk-revision': 'stolen-00009',
        'ce-type': 'mine',
        traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`,
        tracestate: 'v=1',
        connection: 'x-secret',
        'x-secret': 's',
      },
      body: 'question',
    });
    expect(answer).toMatchObject({ status: 200, body: 'hello', complete: true });
    expect(answer.trailers['x-clrk-exit-code']).toBe('3');
    expect(answer.headers['x-clrk-invocation-id']).toBe(id);
    expect(worker.seen).toHaveLength(1);
    const [seen] = worker.seen;
    expect(seen).toMatchObject({ method: 'POST', url: '/v1/run?x=1', body: 'question' });
    expect(seen?.headers).toMatchObject({
      'x-clrk-taskagent': 'shop/hello',
      'x-clrk-invocation-id': id,
      'x-clrk-trigger': 'cli',
      'x-clrk-revision': 'hello-00001',
      'ce-type': 'mine',
      'ce-source': 'clrk://shop/hello',
      'ce-subject': 'CLI',
      tracestate: 'v=1',
    });
    expect(seen?.headers['traceparent']).toMatch(new RegExp(`^00-${'a'.repeat(32)}-[0-9a-f]{16}-01$`));
    expect(seen?.headers['x-secret']).toBeUndefined();
    expect(phases()).toEqual(['Dispatched']);
    expect(events[0]).toMatchObject({
      metadata: { name: id, namespace: 'shop' },
      spec: { trigger: { type: 'CLI' }, parentRef: { kind: 'TaskAgent', name: 'hello', uid: 'u1' } },
      status: { revision: 'hello-00001', traceId: 'a'.repeat(32), worker: worker.address },
    });
  });

  test.each([
    ['Host', { path: '/x', headers: { host: 'clrk-hello.shop' } }],
    ['service Host', { path: '/x', headers: { host: 'clrk-hello.shop.svc.cluster.local:80' } }],
    ['header', { path: '/x', headers: { 'x-clrk-taskagent': 'shop/hello' } }],
    [
      'all alike',
      {
        path: '/agents/shop/hello/x',
        headers: { host: 'clrk-hello.shop', 'x-clrk-taskagent': 'shop/hello' },
      },
    ],
  ])('is found by %s', async (_name, how) => {
    const worker = await startWorker('w1');
    expect((await call({ port: ingress.port, ...how })).status).toBe(200);
    expect(worker.seen[0]?.url).toBe('/x');
  });

  test('streams both ways while it runs', async () => {
    const worker = await startWorker('w1');
    let go: (() => void) | undefined;
    worker.behaviour = (_call, response) => {
      response.write('first');
      go = () => response.end('second');
    };
    let first = '';
    const answer = call({ port: ingress.port, onData: (text) => (first ||= text) });
    await until('the first chunk is here before the end', () => first === 'first');
    go?.();
    expect((await answer).body).toBe('firstsecond');
  });

  test('a body of 20 MiB goes through', async () => {
    const worker = await startWorker('w1');
    worker.behaviour = (seen, response) => response.end(String(seen.body.length));
    const answer = await call({ port: ingress.port, body: Buffer.alloc(20 * 1024 * 1024, 'x') });
    expect(answer.body).toBe(String(20 * 1024 * 1024));
  });

  test('an id that was used is not used again', async () => {
    const worker = await startWorker('w1');
    const id = randomUUID();
    for (let round = 0; round < 2; round++) {
      await call({ port: ingress.port, headers: { 'x-clrk-invocation-id': id } });
    }
    const ids = worker.seen.map((seen) => seen.headers['x-clrk-invocation-id']);
    expect(ids[0]).toBe(id);
    expect(ids[1]).toMatch(/^[0-9a-f-]{36}$/);
    expect(ids[1]).not.toBe(id);
  });
});

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
    await startWorker('w1');
    const answer = await call({ port: ingress.port, ...how });
    expect(answer.status).toBe(status);
    expect(answer.headers['x-clrk-error-code']).toBe(code);
    expect(JSON.parse(answer.body)).toMatchObject({ code, message: expect.any(String) as string });
    expect(events).toEqual([]);
  });

  test.each([
    ['of 33 MiB', 33, '/agents/shop/hello/', 400, 'BODY_TOO_LARGE'],
    ['of 20 MiB for an unknown agent', 20, '/agents/shop/nobody/', 404, 'AGENT_NOT_FOUND'],
  ])(
    'while it sends a body %s: a caller that sends all first reads why',
    async (_n, size, path, status, code) => {
      await startWorker('w1');
      const answer = await sendWholeThenRead(ingress.port, path, size * 1024 * 1024);
      expect(answer).toContain(`HTTP/1.1 ${status} `);
      expect(answer).toContain(`"code":"${code}"`);
    },
  );

  test('no ready revision: 503 and a Rejected record', async () => {
    const { servingRevision: _none, ...unready } = agent;
    ingress.configure(configWith([unready]));
    const answer = await call({ port: ingress.port });
    expect([answer.status, answer.headers['x-clrk-error-code']]).toEqual([503, 'NO_READY_REVISION']);
    expect(events).toMatchObject([
      { status: { phase: 'Rejected', reason: 'NoReadyRevision', httpStatus: 503 } },
    ]);
  });

  test('no worker, only draining ones, or ones of another pool: 503 and a Rejected record', async () => {
    await startWorker('w1', { draining: true });
    await startWorker('w2', { pool: 'else' });
    const answer = await call({ port: ingress.port });
    expect([answer.status, answer.headers['x-clrk-error-code']]).toEqual([503, 'NO_READY_WORKER']);
    expect(events).toMatchObject([{ status: { phase: 'Rejected', reason: 'NoReadyWorker' } }]);
  });

  test('at maxConcurrent: 429 at once, and free again when one ends', async () => {
    ingress.configure(configWith([{ ...agent, maxConcurrent: 2 }]));
    const worker = await startWorker('w1', { at: Date.now() - 1_000 });
    const ends: Array<() => void> = [];
    worker.behaviour = (_call, response) => ends.push(() => response.end('done'));
    const running = [call({ port: ingress.port }), call({ port: ingress.port })];
    await until('both run', () => ends.length === 2);
    expect((await call({ port: ingress.port })).status).toBe(429);
    ends.shift()?.();
    await Promise.race(running);
    const third = call({ port: ingress.port });
    await until('a third runs', () => ends.length === 2);
    for (const end of ends) end();
    expect((await third).status).toBe(200);
    await Promise.all(running);
    expect(phases().filter((phase) => phase === 'Rejected')).toHaveLength(1);
  });

  test('20 at once never exceed the limit', async () => {
    ingress.configure(configWith([{ ...agent, maxConcurrent: 3 }]));
    const worker = await startWorker('w1');
    const ends: Array<() => void> = [];
    worker.behaviour = (_call, response) => ends.push(() => response.end('done'));
    const calls = Array.from({ length: 20 }, () => call({ port: ingress.port }));
    await until('the rest are refused', () => phases().filter((phase) => phase === 'Rejected').length === 17);
    expect(worker.seen).toHaveLength(3);
    for (const end of ends) end();
    const statuses = (await Promise.all(calls)).map((answer) => answer.status);
    expect(statuses.filter((status) => status === 429)).toHaveLength(17);
  });

  test('a chunked body over 32 MiB: 400, nothing runs, Failed in the record', async () => {
    const worker = await startWorker('w1');
    const answer = await call({
      port: ingress.port,
      headers: { 'transfer-encoding': 'chunked' },
      body: Buffer.alloc(33 * 1024 * 1024),
    }).catch(() => undefined);
    expect(answer?.status ?? 400).toBe(400);
    expect(worker.seen).toEqual([]);
    await until('the record is closed', () => phases().includes('Failed'));
    expect(events.at(-1)).toMatchObject({ status: { reason: 'BodyTooLarge', httpStatus: 400 } });
  });

  test('records cannot be kept: 503, and the agent does not run unrecorded', async () => {
    await ingress[Symbol.asyncDispose]();
    await open({ outboxCapacity: 3 });
    publishFails = true;
    const worker = await startWorker('w1');
    expect((await call({ port: ingress.port })).status).toBe(200);
    expect((await call({ port: ingress.port })).status).toBe(200);
    const refused = await call({ port: ingress.port });
    expect([refused.status, refused.headers['x-clrk-error-code']]).toEqual([503, 'RECORDS_UNAVAILABLE']);
    expect(worker.seen).toHaveLength(2);
    publishFails = false;
    await until('the kept events arrive', () => events.length === 2);
    expect((await call({ port: ingress.port })).status).toBe(200);
  });
});

describe('a worker that does not take it', () => {
  test.each([
    ['is gone', (stub: WorkerStub) => stub.kill()],
    [
      'drains',
      (stub: WorkerStub) => {
        stub.behaviour = (_call, response) => {
          response.writeHead(503, { 'x-clrk-error-code': 'WORKER_DRAINING' }).end('{}');
        };
        return Promise.resolve();
      },
    ],
  ])('because it %s: the next one does', async (_name, spoil) => {
    // Warm, so it is tried first.
    const first = await startWorker('w1', { warm: { 'shop/hello-00001': 1 } });
    const second = await startWorker('w2');
    await spoil(first);
    const answer = await call({ port: ingress.port, body: 'again' });
    expect([answer.status, answer.body]).toEqual([200, 'answer to again']);
    expect(second.seen).toHaveLength(1);
    expect(phases()).toEqual(['Dispatched']);
  });

  test('all of them: the last one’s words, and a Rejected record', async () => {
    for (const pod of ['w1', 'w2', 'w3', 'w4']) {
      const stub = await startWorker(pod);
      stub.behaviour = (_call, response) =>
        response.writeHead(429, { 'x-clrk-error-code': 'AT_CAPACITY' }).end('{"code":"AT_CAPACITY"}');
    }
    const answer = await call({ port: ingress.port });
    expect([answer.status, answer.body]).toEqual([429, '{"code":"AT_CAPACITY"}']);
    expect(stubs.map((stub) => stub.seen.length).reduce((a, b) => a + b)).toBe(3);
    expect(phases()).toEqual(['Dispatched', 'Rejected']);
    expect(events[1]).toMatchObject({ status: { reason: 'AtCapacity', httpStatus: 429 } });
  });

  test('an agent’s own 503 is its answer and runs once', async () => {
    const first = await startWorker('w1', { warm: { 'shop/hello-00001': 1 } });
    const second = await startWorker('w2');
    first.behaviour = (_call, response) => response.writeHead(503).end('agent says no');
    const answer = await call({ port: ingress.port });
    expect([answer.status, answer.body]).toEqual([503, 'agent says no']);
    expect(second.seen).toEqual([]);
  });

  test('S13: a server with a certificate of another CA, or of another name, gets no call', async () => {
    const impostor = await WorkerStub.start(foreign['worker.clrk.internal'], certificates.ca);
    const misnamed = await WorkerStub.start(certificates['other.clrk.internal'], certificates.ca);
    stubs.push(impostor, misnamed);
    workers.push(impostor.status('w1'), misnamed.status('w2'));
    const answer = await call({ port: ingress.port, body: 'secret' });
    expect(answer.headers['x-clrk-error-code']).toBe('NO_READY_WORKER');
    expect([...impostor.seen, ...misnamed.seen]).toEqual([]);
    // The same call with a proper worker beside them goes through: it was the certificate.
    await startWorker('w3');
    expect((await call({ port: ingress.port, body: 'secret' })).status).toBe(200);
  });

  test('a new client certificate is used for the next call', async () => {
    const worker = await startWorker('w1');
    ingress.configure(configWith([agent], foreign.ingress));
    expect((await call({ port: ingress.port })).headers['x-clrk-error-code']).not.toBeUndefined();
    expect(worker.seen).toEqual([]);
    ingress.configure(configWith([agent]));
    expect((await call({ port: ingress.port })).status).toBe(200);
  });
});

describe('a call that breaks', () => {
  test('the worker dies before it answers: 502, once, Failed/WorkerLost', async () => {
    const worker = await startWorker('w1');
    const other = await startWorker('w2', { inFlight: { 'TaskAgent/shop/hello': 5 } });
    worker.behaviour = (_call, _response, request) => request.socket.destroy();
    const answer = await call({ port: ingress.port });
    expect([answer.status, answer.headers['x-clrk-error-code']]).toEqual([502, 'WORKER_LOST']);
    expect(other.seen).toEqual([]);
    expect(events.at(-1)).toMatchObject({
      status: { phase: 'Failed', reason: 'WorkerLost', httpStatus: 502 },
    });
  });

  test('the worker dies within its answer: the caller sees a broken answer, not a short one', async () => {
    const worker = await startWorker('w1');
    worker.behaviour = (_call, response, request) => {
      response.write('half');
      setTimeout(() => request.socket.destroy(), 20);
    };
    const answer = await call({ port: ingress.port });
    expect(answer).toMatchObject({ status: 200, body: 'half', complete: false });
    expect(events.at(-1)).toMatchObject({ status: { phase: 'Failed', reason: 'WorkerLost' } });
  });

  test('the caller leaves: the worker sees it', async () => {
    const worker = await startWorker('w1');
    let gone = false;
    let started = false;
    worker.behaviour = (_call, response) => {
      started = true;
      response.write('x');
      response.on('close', () => (gone = true));
    };
    const abort = new AbortController();
    const answer = call({ port: ingress.port, signal: abort.signal }).catch(() => undefined);
    await until('it runs', () => started);
    abort.abort();
    await until('the worker is told', () => gone);
    await answer;
  });

  test('the worker never answers: 504 after the guard, Timeout in the record', async () => {
    await ingress[Symbol.asyncDispose]();
    await open({ guardMs: 200 });
    ingress.configure(configWith([{ ...agent, timeoutMs: 100 }]));
    const worker = await startWorker('w1');
    worker.behaviour = () => undefined;
    const answer = await call({ port: ingress.port });
    expect([answer.status, answer.headers['x-clrk-error-code']]).toEqual([504, 'INVOCATION_TIMEOUT']);
    expect(events.at(-1)).toMatchObject({ status: { phase: 'Timeout', reason: 'DeadlineExceeded' } });
  });
});

describe('drain', () => {
  test('lets a running call end, refuses new ones, flushes the events', async () => {
    const worker = await startWorker('w1');
    let end: (() => void) | undefined;
    worker.behaviour = (_call, response) => (end = () => response.end('done'));
    publishFails = true;
    const running = call({ port: ingress.port });
    await until('it runs', () => end !== undefined);
    const drained = ingress.drain(5_000);
    end?.();
    expect((await running).body).toBe('done');
    publishFails = false;
    await drained;
    expect(phases()).toEqual(['Dispatched']);
    await expect(call({ port: ingress.port })).rejects.toThrow('ECONNREFUSED');
  });

  test('ends what does not end by itself, and closes its record', async () => {
    const worker = await startWorker('w1');
    worker.behaviour = () => undefined;
    const running = call({ port: ingress.port }).catch(() => undefined);
    await until('it runs', () => worker.seen.length === 1);
    await ingress.drain(50);
    await running;
    expect(events.at(-1)).toMatchObject({ status: { phase: 'Failed', reason: 'IngressStopped' } });
  });
});

test('S29: a head over the limit and a request that is two are refused', async () => {
  await startWorker('w1');
  const big = await call({ port: ingress.port, headers: { 'x-big': 'x'.repeat(40_000) } });
  expect(big.status).toBe(431);
  const smuggled = await call({
    port: ingress.port,
    headers: { 'content-length': '4', 'transfer-encoding': 'chunked' },
    body: '',
  }).catch(() => ({ status: 400 }));
  expect(smuggled.status).toBe(400);
});
