/** Streams of events of any shape, split anywhere: what goes on is the same, and nothing that is hidden is in it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
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
  const stream = `\uFEFFid: 1\r\ndata: ${result({ tools: named('ls') })}\r\n\r\n: ping\n\ndata: {"method":"notifications/x"}\n\n`;
  expect(passed(stream, [9, 80]).out).toBe(stream);
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
