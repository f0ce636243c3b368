/** What is told of a call nobody waited for, by mark, result, time and caller; and what is kept of an answer. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  callResults,
  decodeCallResult,
  encodeCallResult,
  type CallerField,
  type CallResult,
} from '../../contract/index.ts';
import { callState, verifiedCaller, type StoredCall } from '../../ingress/call-results.ts';
import { KeptAnswer } from '../../ingress/kept-answer.ts';
import { prefersAsync } from '../../ingress/prefer.ts';

const result: CallResult = {
  version: 1,
  status: 200,
  headers: {},
  end: 'whole',
  bytes: 0,
  body: Buffer.alloc(0),
};
const field = (value: string, verified = true, name = 'user'): CallerField => ({
  ...{ field: name, source: 'JWT', value, verified },
});
const alice = verifiedCaller([field('alice')]);
const marked = (more: { caller?: string | undefined; result?: CallResult } = {}): StoredCall => ({
  mark: {
    at: 1_000,
    said: { version: 1, runMs: 500, ...(more.caller === undefined ? {} : { caller: more.caller }) },
  },
  result: more.result,
});
const over = 1_500 + callResults.keepMs;

describe('a call nobody waited for', () => {
  test.each<[string, StoredCall, number, string | undefined, string]>([
    ['no mark', { mark: undefined, result }, 1_000, undefined, 'unknown'],
    ['a mark', marked(), 1_499, undefined, 'running'],
    ['a result', marked({ result }), 1_499, undefined, 'done'],
    ['a result, later', marked({ result }), over - 1, undefined, 'done'],
    ['no result in time', marked(), 1_500, undefined, 'lost'],
    ['its time is over', marked({ result }), over, undefined, 'over'],
    ['its time is over, lost', marked(), over, undefined, 'over'],
    ['its own caller', marked({ caller: alice, result }), 1_499, alice, 'done'],
    ['nobody known', marked({ caller: alice, result }), 1_499, undefined, 'unknown'],
    ['another caller', marked({ caller: alice, result }), 1_499, verifiedCaller([field('eve')]), 'unknown'],
    ['of no verified caller', marked({ result }), 1_499, alice, 'done'],
  ])('%s', (_name, stored, now, caller, kind) => {
    expect(callState(stored, now, caller).kind).toBe(kind);
  });

  test('whose it is follows of what is verified alone, in any order', () => {
    expect(verifiedCaller([field('alice', false)])).toBeUndefined();
    expect(verifiedCaller([field('alice'), field('x', false, 'role')])).toBe(alice);
    const two = [field('alice'), field('acme', true, 'tenant')];
    expect(verifiedCaller(two.toReversed())).toBe(verifiedCaller(two));
    expect(verifiedCaller(two)).not.toBe(alice);
  });
});

describe('a kept answer', () => {
  test('is what came, within its bounds, and says what is missing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 80_000 }), { maxLength: 6 }),
        fc.boolean(),
        async (chunks, isWhole) => {
          const answer = new KeptAnswer();
          answer.begin({ status: 201, headers: { 'x-a': 'b', 'content-length': '7' } });
          for (const chunk of chunks) await answer.write(chunk);
          if (isWhole) answer.end({ 'x-clrk-exit-code': '0' });
          else answer.cut();
          answer.end();
          const all = Buffer.concat(chunks);
          const kept = answer.result();
          expect(kept.bytes).toBe(all.length);
          expect(Buffer.compare(kept.body, all.subarray(0, callResults.maxBodyBytes))).toBe(0);
          expect(kept.end).toBe(isWhole ? (all.length > kept.body.length ? 'cut' : 'whole') : 'broken');
          expect(kept.headers).toEqual({ 'x-a': 'b', ...(isWhole ? { 'x-clrk-exit-code': '0' } : {}) });
          const read = decodeCallResult(encodeCallResult(kept));
          expect({ ...read, body: Buffer.from(read?.body ?? []) }).toEqual(kept);
          expect(encodeCallResult(kept).length).toBeLessThan(callResults.maxRecordBytes);
        },
      ),
      { numRuns: 30 },
    );
  });

  test('of one byte more than is kept is cut', async () => {
    const answer = new KeptAnswer();
    answer.begin({ status: 200, headers: {} });
    await answer.write(Buffer.alloc(callResults.maxBodyBytes));
    expect(answer.result().end).toBe('broken');
    await answer.write(Buffer.from('x'));
    answer.end();
    expect(answer.result()).toMatchObject({ end: 'cut', bytes: callResults.maxBodyBytes + 1 });
  });

  test('has room for so many headers, those of the platform first, and says how many are left', () => {
    const answer = new KeptAnswer();
    const many = Object.fromEntries(
      Array.from({ length: 50 }, (_, index) => [`x-${index}`, 'v'.repeat(1_000)]),
    );
    answer.begin({ status: 200, headers: { ...many, 'x-clrk-invocation-id': 'i', 'content-type': 't' } });
    answer.end();
    const { headers, headersLeft = 0 } = answer.result();
    expect(headers).toMatchObject({ 'x-clrk-invocation-id': 'i', 'content-type': 't' });
    expect(Object.keys(headers).length + headersLeft).toBe(52);
    expect(JSON.stringify(headers).length).toBeLessThan(callResults.maxHeaderBytes * 1.1);
  });

  test('that never began is broken', () => {
    const answer = new KeptAnswer();
    answer.end();
    expect(answer.result()).toMatchObject({ end: 'broken', status: 502 });
  });

  test('what nobody can read is no result', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => decodeCallResult(bytes) === undefined),
    );
  });
});

test.each([
  ['respond-async', true],
  ['RESPOND-ASYNC', true],
  ['wait=5, respond-async', true],
  ['respond-async; x=1', true],
  ['x="a, respond-async"', false],
  ['x="a\\", respond-async', false],
  ['respond-asynchronous', false],
  ['', false],
  [undefined, false],
])('Prefer: %s', (prefer, expected) => {
  expect(prefersAsync(prefer)).toBe(expected);
});
