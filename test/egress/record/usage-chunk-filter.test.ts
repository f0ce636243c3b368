/** The filter over every way a stream can be split: what is left is the stream without its reports, byte for byte. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UsageChunkFilter } from '../../../egress/record/usage-chunk-filter.ts';

function filter(stream: Buffer, cuts: readonly number[]): Buffer {
  const usageFilter = new UsageChunkFilter();
  const places = [0, ...cuts.map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b), stream.length];
  const out: Buffer[] = [];
  for (let index = 1; index < places.length; index += 1) {
    out.push(usageFilter.push(stream.subarray(places[index - 1], places[index])));
  }
  return Buffer.concat([...out, usageFilter.flush()]);
}

const report = '{"id":"c","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}';

interface Block {
  readonly text: string;
  readonly stays: boolean;
}
const stays = (text: string): Block => ({ text, stays: true });
const goes = (text: string): Block => ({ text, stays: false });

/** Lines of an event, without the ends of lines. */
const block = fc.oneof(
  fc.constantFrom(
    stays('data: {"choices":[{"delta":{"content":"x"}}],"usage":null}'),
    stays('data: {"choices":[],"prompt_filter_results":[]}'),
    stays('data: {"choices":[],"usage":null}'),
    stays('data: {"choices":[1],"usage":{}}'),
    stays('data: {"choices":[{"delta":{}}],"usage":{"prompt_tokens":3}}'),
    stays('data: {"usage":{"prompt_tokens":3}}'),
    stays(`data: ${report}x`),
    stays(`data: ${report}\ndata: ${report}`),
    stays(`data: ${report.slice(0, -1)}`),
    stays(`data: {"note":${JSON.stringify(report)}}`),
    stays(`event: ${report}`),
    stays('data: [DONE]'),
    stays(': still here'),
    goes(`data: ${report}`),
    goes(`data:${report}`),
    goes(`event: message\nid: 7\ndata: ${report}`),
    goes('data: {"choices":[],\ndata: "usage":{"prompt_tokens":3}}'),
    goes('data: {"\\u0063hoices":[], "usage" : {}}'),
  ),
  fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => stays(`data: ${JSON.stringify({ text })}`)),
  fc
    .constantFrom(15_000, 16_384, 40_000)
    .map((size) => stays(`data: {"choices":[{"c":"${'x'.repeat(size)}"}]}`)),
);

test('property: reports are taken out and all else stays, whatever ends the lines and however it is split', () => {
  fc.assert(
    fc.property(
      fc.array(block, { maxLength: 8 }),
      fc.constantFrom('\n', '\r\n', '\r'),
      fc.array(fc.nat(), { maxLength: 12 }),
      fc.boolean(),
      (blocks, end, cuts, cutShort) => {
        const render = (all: readonly Block[]): string =>
          all.map(({ text }) => `${text.replaceAll('\n', end)}${end}${end}`).join('');
        // A stream may lack its last empty line.
        const last: Block[] = cutShort ? [goes(`data: ${report}`)] : [];
        const stream = Buffer.from(render(blocks) + last.map(({ text }) => text).join(''));
        const expected = render(blocks.filter((each) => each.stays));
        expect(filter(stream, cuts).toString()).toBe(expected);
      },
    ),
    { numRuns: 2_000 },
  );
});

test('every split in two and byte by byte gives the same', () => {
  const stream = Buffer.from(`data: {"choices":[{}]}\r\n\r\ndata: ${report}\r\n\r\n\r\ndata: [DONE]\r\n\r\n`);
  const expected = 'data: {"choices":[{}]}\r\n\r\n\r\ndata: [DONE]\r\n\r\n';
  for (let cut = 0; cut <= stream.length; cut += 1) expect(filter(stream, [cut]).toString()).toBe(expected);
  expect(filter(stream, Array.from(stream.keys())).toString()).toBe(expected);
});

test('an event is not held longer than a report can be: a long one passes while it comes', () => {
  const usageFilter = new UsageChunkFilter();
  let passed = 0;
  for (let count = 0; count < 100; count += 1) passed += usageFilter.push(Buffer.alloc(1_000, 'x')).length;
  expect(passed).toBeGreaterThan(100_000 - 17_000);
});

test('property: any bytes pass as they came when no report is among them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.array(fc.nat(), { maxLength: 6 }), (bytes, cuts) => {
      expect(filter(Buffer.from(bytes), cuts).equals(Buffer.from(bytes))).toBe(true);
    }),
  );
});
