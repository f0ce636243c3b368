/** Streams of events of any shape, split anywhere: what goes on is the same, and nothing that is hidden is in it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GovernedEvents } from '../../../egress/mcp/index.ts';
import { answersOf, named, result, underTools } from './mcp-script.ts';

const answers = answersOf(underTools({ deniedTools: ['rm*'] }));
const end = fc.constantFrom('\n', '\r\n', '\r');
const names = fc.array(fc.constantFrom('rm', 'rm_all', 'ls', 'cat'), { maxLength: 6 });
const event = fc.record({ names, end, comment: fc.boolean(), id: fc.boolean(), lines: fc.boolean() });

function write({
  names: tools,
  end: eol,
  comment,
  id,
  lines,
}: typeof event extends fc.Arbitrary<infer T> ? T : never) {
  const text = lines
    ? JSON.stringify({ id: 1, result: { tools: named(...tools) } }, null, 1).split('\n')
    : [result({ tools: named(...tools) })];
  return [
    ...(comment ? [': a comment'] : []),
    ...(id ? ['id: 9'] : []),
    ...text.map((line) => `data: ${line}`),
    '',
    '',
  ].join(eol);
}

/** What a client makes of a stream. */
function read(stream: string): unknown[] {
  return stream
    .replaceAll(/\r\n|\r/g, '\n')
    .split('\n\n')
    .map((each) => each.split('\n').filter((line) => line.startsWith('data:')))
    .filter((lines) => lines.length > 0)
    .map((lines) => JSON.parse(lines.map((line) => line.slice(5)).join('\n')) as unknown);
}

function passed(stream: string, cuts: readonly number[]): { out: string; hidden: number } {
  const facts = { hidden: 0, denied: 0, errorCode: undefined };
  const events = new GovernedEvents(answers, facts);
  const bytes = Buffer.from(stream);
  const at = [0, ...[...cuts].map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  const parts = at.slice(1).map((to, index) => events.push(Buffer.from(bytes.subarray(at[index], to))));
  const out = Buffer.concat([...parts, events.end()]).toString();
  expect(events.isReadable).toBe(true);
  expect(events.held).toBe(0);
  return { out, hidden: facts.hidden };
}

test('S47: any stream, split anywhere, tells the tools that may be called and no other', () => {
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 5 }),
      fc.array(fc.nat(2_000), { maxLength: 12 }),
      (all, cuts) => {
        const stream = all.map(write).join('');
        const { out, hidden } = passed(stream, cuts);
        expect(out).not.toContain('rm');
        expect(hidden).toBe(all.flatMap((each) => each.names).filter((name) => name.startsWith('rm')).length);
        const told = read(out) as Array<{ result: { tools: Array<{ name: string }> } }>;
        expect(told.map(({ result: { tools } }) => tools.map(({ name }) => name))).toEqual(
          all.map((each) => each.names.filter((name) => !name.startsWith('rm'))),
        );
        expect(read(passed(stream, []).out)).toEqual(told);
      },
    ),
    { numRuns: 300 },
  );
});

test('an event that has not ended when the stream has is cut too', () => {
  const { out } = passed(`data: ${result({ tools: named('rm', 'ls') })}`, []);
  expect(read(out)).toEqual([JSON.parse(result({ tools: named('ls') }))]);
});

test('what hides nothing goes on byte for byte', () => {
  const stream = `id: 1\r\ndata: ${result({ tools: named('ls') })}\r\n\r\n: ping\n\ndata: {"method":"notifications/x"}\n\n`;
  expect(passed(stream, [9, 40]).out).toBe(stream);
});

test.each([
  ['entries', `{"result":{"tools":[${'1,'.repeat(10_001)}1]}}`],
  ['messages', `[${'{},'.repeat(10_001)}{}]`],
  [
    'requests',
    `{"result":{"inputRequests":{${Array.from({ length: 10_001 }, (_, at) => `"${at}":{}`).join()}}}}`,
  ],
])('more %s than a page has are not read', (_name, text) => {
  const events = new GovernedEvents(answers, { hidden: 0, denied: 0, errorCode: undefined });
  events.push(Buffer.from(`data: ${text}\n\n`));
  expect(events.isReadable).toBe(false);
});

describe('lines that clients read in more than one way', () => {
  const evil = result({ tools: named('rm') });
  const kept = `data: ${result({ tools: named('ls') })}\n\n`;

  // What takes it for data: npm's eventsource-parser, httpx-sse before 0.4.2 (three times), and Go's client, which looks for LF alone.
  test.each([
    ['a mark in another charset', `\u00ef\u00bb\u00bfdata: ${evil}\n\n`],
    ['U+2028 in a comment', `: x\u2028data: ${evil}\u2028\u2028\n\n`],
    ['U+0085 in an id', `id: x\u0085data: ${evil}\u0085\u0085\ndata: {}\n\n`],
    ['a control in a field nobody knows', `x\vdata: ${evil}\v\v\n\n`],
    ['CR alone', `data: {"id":1\r,${evil.slice(1, -1)}\ndata: }\n\n`],
  ])('S47: %s: the line does not go on, and what follows does', (_name, stream) => {
    const { out } = passed(stream + kept, []);
    expect(out).not.toContain('rm');
    expect(out).toContain(kept);
  });

  test('S47: an event that is no message, and has such a line in its data, is the last', () => {
    const events = new GovernedEvents(answers, { hidden: 0, denied: 0, errorCode: undefined });
    const out = events.push(Buffer.from(`event: endpoint\ndata: x\u2028\u2028data: ${evil}\n\n`));
    expect([out.toString(), events.isReadable]).toEqual(['', false]);
  });

  test('the mark of the stream is taken off, as some clients do and others do not', () => {
    expect(passed(`\uFEFF${kept}`, [2]).out).toBe(kept);
    expect(passed(`\uFEFFid: 5\n\n${kept}`, []).out).toBe(`id: 5\n\n${kept}`);
  });

  test('separators in the strings of a message become escapes, all other characters stay', () => {
    const { out } = passed(
      'data: {"method":"notifications/x","params":{"a":"ä\u2028\u0085\u2029語"}}\n\n',
      [],
    );
    expect(out).toBe('data: {"method":"notifications/x","params":{"a":"ä\\u2028\\u0085\\u2029語"}}\n\n');
  });

  test('a name that is no message keeps its data, with LF at the ends', () => {
    expect(passed('event: endpoint\rdata: /m?id=ä\r\r', []).out).toBe('event: endpoint\ndata: /m?id=ä\n\n');
  });

  test('more lines of data than an event has are not read', () => {
    const events = new GovernedEvents(answers, { hidden: 0, denied: 0, errorCode: undefined });
    events.push(Buffer.from(`data: {\n${'data:\n'.repeat(300_000)}data: }\n\n`));
    expect(events.isReadable).toBe(false);
  });

  test('more beside its data than an event has is not read', () => {
    const events = new GovernedEvents(answers, { hidden: 0, denied: 0, errorCode: undefined });
    events.push(Buffer.from(`event: endpoint\ndata: x\n${'ab\n'.repeat(30_000)}\n`));
    expect(events.isReadable).toBe(false);
  });
});
