/** Usage in streams of lines of JSON: the last part counts, with an end of line or without. */
import { expect, test } from 'vitest';
import { codecOf, type Facts } from '../../../egress/providers/index.ts';
import { createUsageTap } from '../../../egress/record/usage-tap.ts';

function tap(body: string, step: number, contentType = 'application/x-ndjson'): Facts {
  const facts: Facts = {};
  const reader = createUsageTap(codecOf('openai')!, facts, { contentType, encoding: undefined });
  const bytes = Buffer.from(body);
  for (let at = 0; at < bytes.length; at += step) reader?.push(bytes.subarray(at, at + step));
  reader?.end();
  return facts;
}

const lines = [
  { id: 'c-1', model: 'gpt-4o', choices: [{ delta: { content: '"usage":{"prompt_tokens":9}\n' } }] },
  { id: 'c-1', model: 'gpt-4o', choices: [], usage: { prompt_tokens: 7, completion_tokens: 5 } },
].map((each) => JSON.stringify(each));
const told = { responseModel: 'gpt-4o', responseId: 'c-1', inputTokens: 7, outputTokens: 5, usage: 'whole' };

test.each([1, 7, 1_000])('the last line tells it, in pieces of %d bytes too', (step) => {
  expect(tap(`${lines.join('\n')}\n`, step)).toMatchObject(told);
  expect(tap(lines.join('\r\n'), step)).toMatchObject(told);
  expect(tap(`\n${lines.join('\n\n')}`, step)).toMatchObject(told);
});

test.each(['application/jsonl', 'application/x-jsonlines; charset=utf-8', 'application/ndjson'])(
  '%s',
  (contentType) => {
    expect(tap(lines.join('\n'), 50, contentType)).toMatchObject(told);
  },
);

test('a last line that breaks off has told nothing of its usage', () => {
  expect(tap(lines.join('\n').slice(0, -30), 50)['usage']).not.toBe('whole');
});

test('a line that is no JSON takes nothing from the next', () => {
  expect(tap(`not json\n${lines.join('\n')}`, 3)).toMatchObject(told);
});
