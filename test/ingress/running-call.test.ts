/** A call that runs: what the worker gets of it, and how its answer comes back. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { until } from '../telemetry/embedded.ts';
import { call } from './call.ts';
import { IngressBed } from './ingress-bed.ts';

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
    expect(bed.phases()).toEqual(['Dispatched']);
    expect(bed.events[0]).toMatchObject({
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

  test('an id that was used is not used again', async () => {
    const worker = await bed.startWorker('w1');
    const id = randomUUID();
    for (let round = 0; round < 2; round++) {
      await call({ port: bed.ingress.port, headers: { 'x-clrk-invocation-id': id } });
    }
    const ids = worker.seen.map((seen) => seen.headers['x-clrk-invocation-id']);
    expect(ids[0]).toBe(id);
    expect(ids[1]).toMatch(/^[0-9a-f-]{36}$/);
    expect(ids[1]).not.toBe(id);
  });
});
