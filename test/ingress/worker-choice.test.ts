/** Workers that do not take a call: who is asked next, whose words the caller reads, who is never asked. */
import { describe, expect, test } from 'vitest';
import { call } from './call.ts';
import { agent, certificates, configWith, foreign, IngressBed } from './ingress-bed.ts';
import { WorkerStub } from './worker-stub.ts';

const bed = new IngressBed();

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
    const first = await bed.startWorker('w1', { warm: { 'shop/hello-00001': 1 } });
    const second = await bed.startWorker('w2');
    await spoil(first);
    const answer = await call({ port: bed.ingress.port, body: 'again' });
    expect([answer.status, answer.body]).toEqual([200, 'answer to again']);
    expect(second.seen).toHaveLength(1);
    expect(bed.phases()).toEqual(['Dispatched']);
  });

  test('all of them: the last one’s words, and a Rejected record', async () => {
    for (const pod of ['w1', 'w2', 'w3', 'w4']) {
      const stub = await bed.startWorker(pod);
      stub.behaviour = (_call, response) =>
        response.writeHead(429, { 'x-clrk-error-code': 'AT_CAPACITY' }).end('{"code":"AT_CAPACITY"}');
    }
    const answer = await call({ port: bed.ingress.port });
    expect([answer.status, answer.body]).toEqual([429, '{"code":"AT_CAPACITY"}']);
    expect(bed.stubs.map((stub) => stub.seen.length).reduce((a, b) => a + b)).toBe(3);
    expect(bed.phases()).toEqual(['Dispatched', 'Rejected']);
    expect(bed.events[1]).toMatchObject({ status: { reason: 'AtCapacity', httpStatus: 429 } });
  });

  test('an agent’s own 503 is its answer and runs once', async () => {
    const first = await bed.startWorker('w1', { warm: { 'shop/hello-00001': 1 } });
    const second = await bed.startWorker('w2');
    first.behaviour = (_call, response) => response.writeHead(503).end('agent says no');
    const answer = await call({ port: bed.ingress.port });
    expect([answer.status, answer.body]).toEqual([503, 'agent says no']);
    expect(second.seen).toEqual([]);
  });

  test('S13: a server with a certificate of another CA, or of another name, gets no call', async () => {
    const impostor = await WorkerStub.start(foreign['worker.clrk.internal'], certificates.ca);
    const misnamed = await WorkerStub.start(certificates['other.clrk.internal'], certificates.ca);
    bed.stubs.push(impostor, misnamed);
    bed.workers.push(impostor.status('w1'), misnamed.status('w2'));
    const answer = await call({ port: bed.ingress.port, body: 'secret' });
    expect(answer.headers['x-clrk-error-code']).toBe('NO_READY_WORKER');
    expect([...impostor.seen, ...misnamed.seen]).toEqual([]);
    // The same call with a proper worker beside them goes through: it was the certificate.
    await bed.startWorker('w3');
    expect((await call({ port: bed.ingress.port, body: 'secret' })).status).toBe(200);
  });

  test('S57: another pool’s worker gets no call, not on a connection that is already there either', async () => {
    const theirs = await bed.startWorker('w1');
    expect((await call({ port: bed.ingress.port })).status).toBe(200);
    expect(theirs.seen).toHaveLength(1);
    const payroll = { ...agent, namespace: 'team-b', name: 'payroll', pool: 'team-b/pool' };
    bed.ingress.configure(configWith([agent, payroll]));
    // As one who may write the status of team-b/pool would say it: the address is the other pool's.
    const images = { 'team-b/hello-00001': { state: 'Pulled' } } as const;
    bed.workers.push(theirs.status('w2', { namespace: 'team-b', pool: 'pool', images }));
    const answer = await call({ port: bed.ingress.port, path: '/agents/team-b/payroll/', body: 'salaries' });
    expect(answer.headers['x-clrk-error-code']).toBe('NO_READY_WORKER');
    expect(theirs.seen).toHaveLength(1);
    // Its own calls go on.
    expect((await call({ port: bed.ingress.port })).status).toBe(200);
  });

  test('a new client certificate is used for the next call', async () => {
    const worker = await bed.startWorker('w1');
    bed.ingress.configure(configWith([agent], foreign.ingress));
    expect((await call({ port: bed.ingress.port })).headers['x-clrk-error-code']).not.toBeUndefined();
    expect(worker.seen).toEqual([]);
    bed.ingress.configure(configWith([agent]));
    expect((await call({ port: bed.ingress.port })).status).toBe(200);
  });
});
