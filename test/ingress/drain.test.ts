/** The end of an ingress, and requests that are none. */
import { describe, expect, test } from 'vitest';
import { until } from '../telemetry/embedded.ts';
import { call } from './call.ts';
import { IngressBed } from './ingress-bed.ts';

const bed = new IngressBed();

describe('drain', () => {
  test('lets a running call end, refuses new ones, flushes the events', async () => {
    const worker = await bed.startWorker('w1');
    let end: (() => void) | undefined;
    worker.behaviour = (_call, response) => (end = () => response.end('done'));
    bed.publishFails = true;
    const running = call({ port: bed.ingress.port });
    await until('it runs', () => end !== undefined);
    const drained = bed.ingress.drain(5_000);
    end?.();
    expect((await running).body).toBe('done');
    bed.publishFails = false;
    await drained;
    // The end is the worker's to tell; an ingress that goes tells what it saw.
    expect(bed.phases().toSorted()).toEqual(['Dispatched', 'Succeeded']);
    await expect(call({ port: bed.ingress.port })).rejects.toThrow('ECONNREFUSED');
  });

  test('ends what does not end by itself, and closes its record', async () => {
    const worker = await bed.startWorker('w1');
    worker.behaviour = () => undefined;
    const running = call({ port: bed.ingress.port }).catch(() => undefined);
    await until('it runs', () => worker.seen.length === 1);
    await bed.ingress.drain(50);
    await running;
    expect(bed.events.at(-1)).toMatchObject({ status: { phase: 'Failed', reason: 'IngressStopped' } });
  });
});

test('S29: a head over the limit and a request that is two are refused', async () => {
  await bed.startWorker('w1');
  const big = await call({ port: bed.ingress.port, headers: { 'x-big': 'x'.repeat(40_000) } });
  expect(big.status).toBe(431);
  const smuggled = await call({
    port: bed.ingress.port,
    headers: { 'content-length': '4', 'transfer-encoding': 'chunked' },
    body: '',
  }).catch(() => ({ status: 400 }));
  expect(smuggled.status).toBe(400);
});
