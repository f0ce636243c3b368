import { expect, test } from 'vitest';
import { SharedWork } from '../../oci/shared-work.ts';
import { codeOf } from './image-fixture.ts';

function controlled(): {
  readonly start: (signal: AbortSignal) => Promise<string>;
  readonly finish: (text: string) => void;
  readonly signals: AbortSignal[];
} {
  let resolve: (text: string) => void = () => undefined;
  const signals: AbortSignal[] = [];
  const start = (signal: AbortSignal): Promise<string> => {
    signals.push(signal);
    return new Promise((done) => (resolve = done));
  };
  return { start, finish: (text) => resolve(text), signals };
}

test('callers of one key share one run; the next caller starts anew', async () => {
  const work = new SharedWork<string>();
  const { start, finish, signals } = controlled();
  const both = [work.join('k', undefined, start), work.join('k', undefined, start)];
  finish('done');
  expect(await Promise.all(both)).toEqual(['done', 'done']);
  const third = work.join('k', undefined, start);
  finish('again');
  expect([await third, signals.length]).toEqual(['again', 2]);
});

test('one who leaves does not stop the others; the last one cancels the work', async () => {
  const work = new SharedWork<string>();
  const { start, signals } = controlled();
  const [first, second] = [new AbortController(), new AbortController()];
  const one = work.join('k', first.signal, start);
  const two = work.join('k', second.signal, start);
  first.abort();
  expect(await codeOf(one)).toBe('IMAGE_PULL_ABORTED');
  expect(signals[0]?.aborted).toBe(false);
  second.abort();
  expect(await codeOf(two)).toBe('IMAGE_PULL_ABORTED');
  expect(signals[0]?.aborted).toBe(true);
  const fresh = controlled();
  const three = work.join('k', undefined, fresh.start);
  fresh.finish('fresh');
  expect(await three).toBe('fresh');
});

test('a failure reaches everybody and is forgotten', async () => {
  const work = new SharedWork<string>();
  const fail = (): Promise<string> => Promise.reject(new Error('no'));
  const both = [work.join('k', undefined, fail), work.join('k', undefined, fail)];
  expect((await Promise.allSettled(both)).map((each) => each.status)).toEqual(['rejected', 'rejected']);
  expect(await work.join('k', undefined, () => Promise.resolve('yes'))).toBe('yes');
});
