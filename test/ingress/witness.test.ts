/** R1: a worker that dies after it has answered and before the stream has its word: the ingress tells what the caller was told. */
import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { call } from './call.ts';
import { IngressBed } from './ingress-bed.ts';

const bed = new IngressBed();

test.each<[string, (response: ServerResponse) => void, object]>([
  ['whole', (response) => response.end('done'), { phase: 'Succeeded', httpStatus: 200, responseBytes: 4 }],
  [
    'with an error',
    (response) => response.writeHead(500, { 'x-clrk-error-code': 'NON_ZERO_EXIT' }).end('no'),
    { phase: 'Failed', reason: 'NonZeroExit', httpStatus: 500 },
  ],
  [
    'cut after it had begun',
    (response) => {
      response.writeHead(200, { trailer: 'x-clrk-error-code' });
      response.write('beg');
      response.addTrailers({ 'x-clrk-error-code': 'DEADLINE_EXCEEDED' });
      response.end();
    },
    { phase: 'Failed', reason: 'DeadlineExceeded', httpStatus: 200 },
  ],
])(
  'R1: an answer that came %s is told by the ingress, once the worker had its time',
  async (_name, behaviour, told) => {
    const worker = await bed.startWorker('w1');
    worker.behaviour = (_call, response) => behaviour(response);
    await call({ port: bed.ingress.port });
    // Its word would come first: it has its time, or until this ingress goes.
    expect(bed.phases()).toEqual(['Dispatched']);
    await bed.ingress.drain(1_000);
    expect(bed.events.map(({ status }) => status)).toEqual([
      expect.objectContaining({ phase: 'Dispatched' }),
      expect.objectContaining(told),
    ]);
    expect(bed.events[1]?.status.completionTime).toBeDefined();
  },
);
