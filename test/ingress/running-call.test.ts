/** A call that runs: what the worker gets of it, and how its answer comes back. */
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { until } from '../telemetry/embedded.ts';
import { call } from './call.ts';
import { agent, configWith, IngressBed } from './ingress-bed.ts';

const bed = new IngressBed();

describe('a call that runs', () => {
  test('reaches the worker with the platform’s headers and comes back whole', async () => {
    const worker = await bed.startWorker('w1');
    worker.behaviour = (_call, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', trailer: 'x-clrk-exit-code' });
      response.write('hel');
      response.addTrailers({ 'x-clrk-exit-code': '3' });
      response.end('lo');
    };
    const id = randomUUID();
    const answer = await call({
      port: bed.ingress.port,
      path: '/agents/shop/hello/v1/run?x=1',
      headers: {
        'x-clrk-invocation-id': id,
        'x-clrk-trigger': 'cron',
        'x-clrk-revision': 'stolen-00009',
        'ce-source': 'clrk://other/agent',
        'ce-clrkidentity': 'admin',
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
      'x-clrk-trigger': 'http',
      'x-clrk-revision': 'hello-00001',
      'ce-type': 'mine',
      'ce-source': 'clrk://shop/hello',
      'ce-subject': 'HTTP',
      tracestate: 'v=1',
    });
    expect(seen?.headers['traceparent']).toMatch(new RegExp(`^00-${'a'.repeat(32)}-[0-9a-f]{16}-01$`));
    expect(seen?.headers['x-secret']).toBeUndefined();
    expect(seen?.headers['ce-clrkidentity']).toBeUndefined();
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(bed.phases()).toEqual(['Pending', 'Dispatched']);
    expect(bed.events[1]).toMatchObject({
      metadata: { name: id, namespace: 'shop' },
      spec: {
        trigger: { type: 'HTTP', source: 'ingress' },
        parentRef: { kind: 'TaskAgent', name: 'hello', uid: 'u1' },
      },
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
    const worker = await bed.startWorker('w1');
    expect((await call({ port: bed.ingress.port, ...how })).status).toBe(200);
    expect(worker.seen[0]?.url).toBe('/x');
  });

  test('streams both ways while it runs', async () => {
    const worker = await bed.startWorker('w1');
    let go: (() => void) | undefined;
    worker.behaviour = (_call, response) => {
      response.write('first');
      go = () => response.end('second');
    };
    let first = '';
    const answer = call({ port: bed.ingress.port, onData: (text) => (first ||= text) });
    await until('the first chunk is here before the end', () => first === 'first');
    go?.();
    expect((await answer).body).toBe('firstsecond');
  });

  test('a body of 20 MiB goes through', async () => {
    const worker = await bed.startWorker('w1');
    worker.behaviour = (seen, response) => response.end(String(seen.body.length));
    const answer = await call({ port: bed.ingress.port, body: Buffer.alloc(20 * 1024 * 1024, 'x') });
    expect(answer.body).toBe(String(20 * 1024 * 1024));
  });

  test('the answer comes while the caller still sends', async () => {
    const worker = await bed.startWorker('w1');
    worker.onHead = (request, response) => {
      response.writeHead(200);
      request.on('data', (chunk: Buffer) => response.write(`heard ${chunk.toString()};`));
      request.on('end', () => response.end('bye'));
      return true;
    };
    const socket = connect(bed.ingress.port, '127.0.0.1');
    let heard = '';
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    const say = (text: string) => socket.write(`${text.length.toString(16)}\r\n${text}\r\n`);
    socket.write('POST /agents/shop/hello/ HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n');
    for (const word of ['one', 'two', 'three']) {
      say(word);
      await until(`${word} is answered`, () => heard.includes(`heard ${word};`));
    }
    socket.write('0\r\n\r\n');
    await until('the end is answered', () => heard.includes('bye'));
    socket.destroy();
  });

  test('one id is one call, at this ingress and at any other: it runs once, leaves one record, and is refused after', async () => {
    const worker = await bed.startWorker('w1');
    const id = randomUUID();
    const again = () => call({ port: bed.ingress.port, headers: { 'x-clrk-invocation-id': id } });
    const together = await Promise.all([again(), again(), again()]);
    expect(together.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409]);
    // Another memory, the same event stream.
    await bed.open();
    const elsewhere = await again();
    expect([elsewhere.status, elsewhere.headers['x-clrk-error-code']]).toEqual([409, 'INVOCATION_ID_USED']);
    expect(worker.seen).toHaveLength(1);
    // The last is what the ingress saw that went.
    expect(bed.phases()).toEqual(['Pending', 'Dispatched', 'Succeeded']);
  });

  test('an id of another agent’s call is none of this one’s business', async () => {
    const worker = await bed.startWorker('w1');
    bed.ingress.configure(configWith([agent, { ...agent, name: 'other', uid: 'u2' }]));
    const headers = { 'x-clrk-invocation-id': randomUUID() };
    for (const name of ['hello', 'other']) {
      const answer = await call({ port: bed.ingress.port, path: `/agents/shop/${name}/`, headers });
      expect(answer.status).toBe(200);
    }
    expect(worker.seen).toHaveLength(2);
    expect(bed.events).toHaveLength(4);
  });

  test('an id whose claim is in doubt does not run', async () => {
    const worker = await bed.startWorker('w1');
    bed.publishFails = true;
    const headers = { 'x-clrk-invocation-id': randomUUID() };
    const answer = await call({ port: bed.ingress.port, headers });
    expect([answer.status, answer.headers['x-clrk-error-code']]).toEqual([503, 'RECORDS_UNAVAILABLE']);
    expect(worker.seen).toEqual([]);
  });
});
