/** Calls that break on either side: each still ends in one answer and one record. */
import { connect } from 'node:net';
import { describe, expect, test, vi } from 'vitest';
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

  test('fields announced behind a body that has a length break no call: neither the caller’s nor the worker’s', async () => {
    const worker = await bed.startWorker('w1');
    const socket = connect(bed.ingress.port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.write(
      'POST /agents/shop/hello/ HTTP/1.1\r\nhost: x\r\ntrailer: x-sum\r\ncontent-length: 2\r\n\r\nhi',
    );
    await until('it is answered', () => text.includes('answer to hi'));
    socket.destroy();
    worker.behaviour = (_call, response) =>
      response.socket?.write('HTTP/1.1 200 OK\r\ntrailer: x-sum\r\ncontent-length: 2\r\n\r\nhi');
    const answer = await call({ port: bed.ingress.port });
    expect(answer).toMatchObject({ status: 200, body: 'hi', complete: true });
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

  test('S54: the caller never reads: it holds the call no longer than its timeout', async () => {
    await bed.ingress[Symbol.asyncDispose]();
    await bed.open({ guardMs: 200 });
    bed.ingress.configure(configWith([{ ...agent, timeoutMs: 300 }]));
    const worker = await bed.startWorker('w1');
    worker.behaviour = (_call, response) => response.end(Buffer.alloc(32 * 1024 * 1024, 'x'));
    const socket = connect(bed.ingress.port, '127.0.0.1');
    socket.on('error', () => undefined).pause();
    socket.write('GET /agents/shop/hello/ HTTP/1.1\r\nhost: x\r\n\r\n');
    await until('it runs', () => worker.seen.length === 1);
    await until('it has ended', () => bed.ingress.active === 0);
    await until('the record is closed', () => bed.phases().includes('Timeout'));
    socket.destroy();
  });

  test('the body stops coming: 408, Failed in the record', async () => {
    const worker = await bed.startWorker('w1');
    worker.onHead = () => true;
    bed.ingress.configure(configWith([{ ...agent, timeoutMs: 60_000 }]));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const socket = connect(bed.ingress.port, '127.0.0.1');
      let heard = '';
      socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
      socket.write('POST /agents/shop/hello/ HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf');
      for (let second = 0; second < 60 && heard === ''; second += 1) {
        await vi.advanceTimersByTimeAsync(1_000);
        for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      }
      expect(heard).toContain('"code":"BODY_STALLED"');
      expect(heard).toContain('HTTP/1.1 408');
      socket.destroy();
    } finally {
      vi.useRealTimers();
    }
    expect(bed.events.at(-1)).toMatchObject({ status: { phase: 'Failed', reason: 'BodyStalled' } });
  });
});
