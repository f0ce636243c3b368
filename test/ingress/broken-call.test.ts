/** Calls that break on either side: each still ends in one answer and one record. */
import { describe, expect, test } from 'vitest';
import { until } from '../telemetry/embedded.ts';
import { call } from './call.ts';
import { agent, configWith, IngressBed } from './ingress-bed.ts';

const bed = new IngressBed();

describe('a call that breaks', () => {
  test('the worker dies before it answers: 502, once, Failed/WorkerLost', async () => {
    const worker = await bed.startWorker('w1');
    const other = await bed.startWorker('w2', { inFlight: { 'TaskAgent/shop/hello': 5 } });
    worker.behaviour = (_call, _response, request) => request.socket.destroy();
    const answer = await call({ port: bed.ingress.port });
    expect([answer.status, answer.headers['x-clrk-error-code']]).toEqual([502, 'WORKER_LOST']);
    expect(other.seen).toEqual([]);
    expect(bed.events.at(-1)).toMatchObject({
      status: { phase: 'Failed', reason: 'WorkerLost', httpStatus: 502 },
    });
  });

  test('the worker dies within its answer: the caller sees a broken answer, not a short one', async () => {
    const worker = await bed.startWorker('w1');
    worker.behaviour = (_call, response, request) => {
      response.write('half');
      setTimeout(() => request.socket.destroy(), 20);
    };
    const answer = await call({ port: bed.ingress.port });
    expect(answer).toMatchObject({ status: 200, body: 'half', complete: false });
    expect(bed.events.at(-1)).toMatchObject({ status: { phase: 'Failed', reason: 'WorkerLost' } });
  });

  test('the caller leaves: the worker sees it', async () => {
    const worker = await bed.startWorker('w1');
    let gone = false;
    let started = false;
    worker.behaviour = (_call, response) => {
      started = true;
      response.write('x');
      response.on('close', () => (gone = true));
    };
    const abort = new AbortController();
    const answer = call({ port: bed.ingress.port, signal: abort.signal }).catch(() => undefined);
    await until('it runs', () => started);
    abort.abort();
    await until('the worker is told', () => gone);
    await answer;
  });

  test('the worker never answers: 504 after the guard, Timeout in the record', async () => {
    await bed.ingress[Symbol.asyncDispose]();
    await bed.open({ guardMs: 200 });
    bed.ingress.configure(configWith([{ ...agent, timeoutMs: 100 }]));
    const worker = await bed.startWorker('w1');
    worker.behaviour = () => undefined;
    const answer = await call({ port: bed.ingress.port });
    expect([answer.status, answer.headers['x-clrk-error-code']]).toEqual([504, 'INVOCATION_TIMEOUT']);
    expect(bed.events.at(-1)).toMatchObject({ status: { phase: 'Timeout', reason: 'DeadlineExceeded' } });
  });
});
