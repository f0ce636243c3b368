import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSecretSet, FrameScrubber, noSecrets } from '../../../egress/scrub/index.ts';

const secret = 'sk-real-4f9d0c71b2aa';
const set = createSecretSet([`Bearer ${secret}`]);

/** One frame of a server. */
function frame(first: number, text: string): Buffer {
  const payload = Buffer.from(text, 'latin1');
  const { length } = payload;
  const header =
    length < 126
      ? Buffer.from([first, length])
      : length < 65_536
        ? Buffer.from([first, 126, length >> 8, length & 255])
        : Buffer.concat([
            Buffer.from([first, 127, 0, 0, 0, 0]),
            Buffer.from([length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255]),
          ]);
  return Buffer.concat([header, payload]);
}

/** Headers and payloads of whole frames. */
function parse(bytes: Buffer): Array<readonly [number, string]> {
  const frames: Array<readonly [number, string]> = [];
  for (let at = 0; at < bytes.length;) {
    const short = (bytes[at + 1] ?? 0) & 0x7f;
    const [from, length] =
      short < 126
        ? [at + 2, short]
        : short === 126
          ? [at + 4, bytes.readUInt16BE(at + 2)]
          : [at + 10, Number(bytes.readBigUInt64BE(at + 2))];
    frames.push([bytes[at] ?? 0, bytes.toString('latin1', from, from + length)]);
    at = from + length;
  }
  return frames;
}

function pass(bytes: Buffer, cuts: readonly number[] = []): Buffer {
  const scrubber = new FrameScrubber(set);
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  let from = 0;
  return Buffer.concat(
    ends.map((end) => {
      const out = Buffer.from(scrubber.push(bytes.subarray(from, end)));
      from = end;
      return out;
    }),
  );
}

const stars = '*'.repeat(secret.length);

test.each([
  ['a text', [frame(0x81, `you are ${secret}!`)], [[0x81, `you are ${stars}!`]]],
  ['binary', [frame(0x82, `\0\x01${secret}`)], [[0x82, `\0\x01${stars}`]]],
  ['a long text', [frame(0x81, 'x'.repeat(70_000) + secret)], [[0x81, 'x'.repeat(70_000) + stars]]],
  [
    'two fragments',
    [frame(0x01, `a ${secret.slice(0, 5)}`), frame(0x80, `${secret.slice(5)} b`)],
    [
      [0x01, 'a *****'],
      [0x80, `${stars.slice(5)} b`],
    ],
  ],
  [
    'fragments with a ping between them',
    [frame(0x01, secret.slice(0, 5)), frame(0x89, 'ping'), frame(0x00, ''), frame(0x80, secret.slice(5))],
    [
      [0x01, '*****'],
      [0x89, 'ping'],
      [0x00, ''],
      [0x80, stars.slice(5)],
    ],
  ],
  ['the reason of a close', [frame(0x88, `\x03\xe8${secret}`)], [[0x88, `\x03\xe8${stars}`]]],
  ['JSON in a text', [frame(0x81, `{"k":"sk\\u002dreal-4f9d0c71b2aa"}`)], [[0x81, `{"k":"${stars}*****"}`]]],
  [
    'three messages of pieces',
    [frame(0x81, secret.slice(0, 7)), frame(0x81, secret.slice(7, 14)), frame(0x81, secret.slice(14))],
    [
      [0x81, secret.slice(0, 7)],
      [0x81, stars.slice(13)],
      [0x81, stars.slice(14)],
    ],
  ],
  [
    'two messages of half each',
    [frame(0x81, secret.slice(0, 10)), frame(0x81, secret.slice(10))],
    [
      [0x81, stars.slice(10)],
      [0x81, stars.slice(10)],
    ],
  ],
])(
  'S37: a secret in %s of a WebSocket is gone, and frames are as long as they say',
  (_name, frames, expected) => {
    const bytes = Buffer.concat(frames);
    expect(parse(pass(bytes))).toEqual(expected);
    if (bytes.length > 1000) return;
    for (let cut = 0; cut <= bytes.length; cut += 1) expect(parse(pass(bytes, [cut]))).toEqual(expected);
  },
);

test('S37, S41: property: any messages in any fragments, cut anywhere: as many bytes, the same headers, no secret', () => {
  const fragment = fc.tuple(
    fc.constantFrom('hello ', secret, secret.slice(0, 7), secret.slice(7), '', 'x'.repeat(130)),
    fc.boolean(),
    fc.boolean(),
  );
  fc.assert(
    fc.property(
      fc.array(fragment, { minLength: 1, maxLength: 8 }),
      fc.array(fc.nat(), { maxLength: 8 }),
      (parts, cuts) => {
        let begins = true;
        const frames = parts.flatMap(([text, isFinal, pinged], at) => {
          const isLast = isFinal || at === parts.length - 1;
          const first = (begins ? 1 : 0) | (isLast ? 0x80 : 0);
          begins = isLast;
          return [frame(first, text), ...(pinged ? [frame(0x89, 'p')] : [])];
        });
        const bytes = Buffer.concat(frames);
        const out = pass(bytes, cuts);
        expect(out).toHaveLength(bytes.length);
        expect(parse(out).map(([first, text]) => [first, text.length])).toEqual(
          parse(bytes).map(([first, text]) => [first, text.length]),
        );
        let message = '';
        for (const [first, text] of parse(out)) {
          if ((first & 8) !== 0) continue;
          message += text;
          expect(message).not.toContain(secret);
          if ((first & 0x80) !== 0) message = '';
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('a message without a secret goes on at once, fragment by fragment', () => {
  const scrubber = new FrameScrubber(set);
  const first = frame(0x01, '{"delta":"hello"}');
  expect(scrubber.push(first)).toEqual(first);
});

test('S32: a masked frame of an upstream stops the direction', () => {
  const scrubber = new FrameScrubber(set);
  expect(scrubber.push(Buffer.from([0x81, 0x85, 1, 2, 3, 4, 5]))).toHaveLength(0);
  expect(scrubber.stopped).toBeTypeOf('string');
  expect(scrubber.push(frame(0x81, 'more'))).toHaveLength(0);
});

test('S37: a flood of empty fragments within a secret stops the direction', () => {
  const scrubber = new FrameScrubber(set);
  scrubber.push(frame(0x01, secret.slice(0, 5)));
  for (let count = 0; count < 2000; count += 1) scrubber.push(frame(0x00, ''));
  expect(scrubber.stopped).toBeTypeOf('string');
});

test('without a secret frames are not even read', () => {
  const bytes = Buffer.from('anything');
  expect(new FrameScrubber(noSecrets).push(bytes)).toBe(bytes);
});
