/** Usage in AWS event streams: read in passing, and believed only where the sums are right. */
import { expect, test } from 'vitest';
import { encodeFrame } from '../../../examples/provider/bedrock/event-frame.ts';
import { codecOf, type Facts } from '../../../egress/providers/index.ts';
import { createUsageTap } from '../../../egress/record/usage-tap.ts';

const usage = { inputTokens: 10, outputTokens: 20, cacheReadInputTokens: 5, cacheWriteInputTokens: 1 };
const start = Buffer.from(encodeFrame({ name: 'messageStart', data: { role: 'assistant' } }));
const said = (length: number): Buffer =>
  Buffer.from(
    encodeFrame({ name: 'contentBlockDelta', data: { delta: { text: 'x'.repeat(length) }, usage: 'no' } }),
  );
const stop = Buffer.from(encodeFrame({ name: 'messageStop', data: { stopReason: 'end_turn' } }));
const metadata = Buffer.from(encodeFrame({ name: 'metadata', data: { usage } }));

function tap(stream: Buffer, step: number): Facts {
  const facts: Facts = {};
  const contentType = 'application/vnd.amazon.eventstream';
  const reader = createUsageTap(codecOf('bedrock')!, facts, { contentType, encoding: undefined });
  for (let at = 0; at < stream.length; at += step) reader?.push(stream.subarray(at, at + step));
  reader?.end();
  return facts;
}

const whole = Buffer.concat([start, said(9), stop, metadata]);

test.each([1, 7, whole.length])('ConverseStream tells its usage last, in pieces of %d bytes too', (step) => {
  expect(tap(whole, step)).toEqual({
    finishReasons: ['end_turn'],
    inputTokens: 16,
    outputTokens: 20,
    cacheReadTokens: 5,
    cacheCreationTokens: 1,
    usage: 'whole',
  });
});

test('a message whose sum is wrong is not believed, nor what follows it', () => {
  const bent = Buffer.from(whole);
  bent[whole.indexOf('"inputTokens":10') + 14] = 0x39;
  expect(tap(bent, 50)).toEqual({ finishReasons: ['end_turn'] });
  bent[whole.indexOf('xxx')] = 0x39;
  expect(tap(bent, 50)).toEqual({});
});

test('S30: a message that is longer than any usage is not held, and ends the reading', () => {
  const long = Buffer.concat([start, said(300_000), stop, metadata]);
  expect(tap(long, 65_536)).toEqual({});
});

test('what breaks off before the usage has none', () => {
  expect(tap(whole.subarray(0, -1), 50)).toEqual({ finishReasons: ['end_turn'] });
});
