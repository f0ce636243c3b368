/** A reader that throws at the end of an answer is told that it failed, and the fault is thrown on. */
import { expect, test } from 'vitest';
import type { UpstreamReader } from '../../../egress/upstream/exchange-port.ts';
import { finishReader } from '../../../egress/upstream/finish-reader.ts';

function readerThat(finished: () => void, told: string[]): UpstreamReader {
  const nothing = (): void => undefined;
  return {
    ...{ head: nothing, body: () => true, upgraded: nothing, drained: nothing, finished },
    failed: ({ code }) => void told.push(code),
  };
}

test('a reader that throws is told of a failure', () => {
  const told: string[] = [];
  const fault = new RangeError('too deep');
  const reader = readerThat(() => {
    throw fault;
  }, told);
  expect(() => finishReader(reader, [])).toThrow(fault);
  expect(told).toEqual(['UPSTREAM_PROTOCOL']);
});

test('one that does not is told once', () => {
  const told: string[] = [];
  finishReader(
    readerThat(() => void told.push('finished'), told),
    [],
  );
  expect(told).toEqual(['finished']);
});
