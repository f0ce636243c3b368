import { trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { renderFactHeaders, type Invocation } from '../../../contract/index.ts';
import type { CallAnswer } from '../../../process/index.ts';
import type { AdmittedInvocation } from '../../../worker/dispatch/admitted-image.ts';
import type { Call } from '../../../worker/dispatch/call.ts';
import { InvocationRun, type InvocationRunOptions } from '../../../worker/dispatch/invocation-run.ts';

const config = { entrypoint: ['/agent'], cmd: [], env: [], user: '', workingDir: '' };
const answer: CallAnswer = {
  begun: false,
  closed: false,
  status: 0,
  begin: () => undefined,
  write: () => Promise.resolve(),
  end: () => undefined,
  cut: () => undefined,
  onGone: () => undefined,
  finished: () => Promise.resolve(),
};

/** What ends when the test says so. */
function settledLater<T>() {
  let resolve: (value: T) => void = () => undefined;
  let reject: (reason: Error) => void = () => undefined;
  const promise = new Promise<T>((fulfil, fail) => {
    resolve = fulfil;
    reject = fail;
  });
  return { promise, resolve, reject };
}

/** An invocation whose body and sandbox come when the test says so, and who holds its image. */
function openRun(headers: Call['headers'] = {}) {
  const body = settledLater<Buffer>();
  const made = settledLater<never>();
  const seen = { holds: 0, asked: false, events: [] as Invocation[] };
  const call: Call = {
    method: 'POST',
    url: '/',
    headers,
    answer,
    readBody: () => body.promise,
    stopReading: () => body.reject(new Error('not read any more')),
    close: () => undefined,
  };
  const hold = (): Disposable => {
    seen.holds++;
    return { [Symbol.dispose]: () => seen.holds-- };
  };
  const admitted = {
    agent: { kind: 'TaskAgent', namespace: 'team', name: 'a', uid: 'u', timeoutMs: 60_000, gateways: [] },
    agentId: 'team/a',
    revision: { name: 'a-00001', image: 'r.example/x', env: [] },
    image: { image: { digest: 'd', rootfsPath: '/x', config }, user: {}, hold },
    caPems: [],
    invocationId: 'i',
  } as unknown as AdmittedInvocation;
  const options = {
    factory: {
      make: () => {
        seen.asked = true;
        return made.promise;
      },
    },
    warm: { take: () => undefined },
    standbyPolicy: () => undefined,
    tracer: trace.getTracer('test'),
    logger: { emit: () => undefined },
    publish: (event: Invocation) => void seen.events.push(event),
    openState: () => Promise.resolve(undefined),
    now: () => performance.now(),
    worker: 'w',
    onError: () => undefined,
  } as unknown as InvocationRunOptions;
  return { run: new InvocationRun(options, admitted, call), seen, body, made };
}

test('the image is held from admission until its sandbox is made, and not longer', async () => {
  const { run, seen, body, made } = openRun();
  const ended = run.run();
  expect(seen.holds).toBe(1);
  body.resolve(Buffer.from('hello'));
  await expect.poll(() => seen.asked).toBe(true);
  expect(seen.holds).toBe(1);
  made.reject(new Error('it cannot be made'));
  await ended;
  expect(seen.holds).toBe(0);
});

test('a caller who goes before the body is whole gives the image back', async () => {
  const { run, seen } = openRun();
  const ended = run.run();
  run.stop('caller');
  await ended;
  await expect.poll(() => seen.holds).toBe(0);
  expect(seen.asked).toBe(false);
});

test('who called is in every event of the worker, too', async () => {
  const caller = [{ field: 'tenant', source: 'Header', value: 'acme', verified: false }] as const;
  const told = renderFactHeaders({
    ...{ id: 'i', trigger: { type: 'CLI', source: 'invoke' }, createdAt: 0, caller, user: 'jane' },
    agent: { kind: 'TaskAgent', namespace: 'team', name: 'a', uid: 'u' },
  });
  const { run, seen, body, made } = openRun(told);
  const ended = run.run();
  body.resolve(Buffer.from(''));
  made.reject(new Error('no sandbox'));
  await ended;
  expect(seen.events.length).toBeGreaterThan(0);
  for (const { spec } of seen.events) {
    expect(spec.identity).toEqual({ audiences: [], caller, user: 'jane' });
    expect(spec.trigger).toEqual({ type: 'CLI', source: 'invoke' });
  }
});
