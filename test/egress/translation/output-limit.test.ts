/** The most an answer may hold, in the word that its server knows and within what a budget counts with. */
import { expect, test } from 'vitest';
import type { ChatApi, WriteContext } from '../../../egress/translation/codec.ts';
import { chatCodecs, translateRequest } from '../../../egress/translation/index.ts';

const claude = 'claude-sonnet-4-5';

function write(from: ChatApi, to: ChatApi, body: object, context?: WriteContext) {
  const path = from === 'bedrock-converse' ? `/model/${claude}/converse` : '/v1/messages';
  const written = translateRequest(
    { path, query: '', body: { ...body } },
    {
      ...{ from: chatCodecs[from], to: chatCodecs[to], base: '', model: claude, id: 'i', created: 1 },
      ...{ outputCap: undefined, ...(context === undefined ? {} : { context }) },
    },
  );
  if (written.kind === 'blocked') throw new Error(`${written.what} ${written.why}`);
  return written.request.body;
}

test.each([
  ['openai', { max_completion_tokens: 9 }],
  ['azure-openai', { max_completion_tokens: 9 }],
  ['custom', { max_tokens: 9 }],
])('a Backend of %s is told it as %j', (schema, limit) => {
  const body = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };
  const written = write('anthropic', 'openai', body, { schema, outputBound: undefined });
  expect(written).toMatchObject(limit);
  expect(Object.keys(written).filter((name) => name.endsWith('_tokens'))).toHaveLength(1);
});

const thinking = (tokens: number) => ({
  messages: [{ role: 'user', content: [{ text: 'hi' }] }],
  additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: tokens } },
});

test('a limit that is made up for thoughts ends where a budget counts to', () => {
  const counted = { schema: 'anthropic', outputBound: 16_384 };
  expect(write('bedrock-converse', 'anthropic', thinking(100_000))).toMatchObject({ max_tokens: 104_096 });
  expect(write('bedrock-converse', 'anthropic', thinking(100_000), counted)).toMatchObject({
    max_tokens: 16_384,
    thinking: { type: 'enabled', budget_tokens: 12_288 },
  });
  expect(write('bedrock-converse', 'anthropic', thinking(2_000), counted)).toMatchObject({
    max_tokens: 6_096,
    thinking: { type: 'enabled', budget_tokens: 2_000 },
  });
});
