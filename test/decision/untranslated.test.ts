import { expect, test } from 'vitest';
import { untranslated } from '../../decision/index.ts';

const claude = { name: 'claude', schema: 'anthropic' };
const gpt = { name: 'gpt', schema: 'openai' };

test.each<[string, string[], object, boolean]>([
  ['openai', [], claude, true],
  ['openai', ['/v1/chat/completions'], claude, true],
  ['openai', ['/v1/embeddings', '/v1/responses'], claude, true],
  ['openai', ['/v1/embeddings'], claude, false],
  ['openai', ['/v1/responses/input_tokens'], claude, false],
  // No server's path: only the end of it looks like one.
  ['openai', ['/other/messages'], claude, false],
  ['openai', ['/V1/CHAT/COMPLETIONS'], claude, false],
  ['openai', ['/v1/*'], claude, true],
  ['openai', ['*completions'], claude, true],
  ['openai', ['/v1/audio/*'], claude, false],
  ['openai', ['/v1/chat/[c]ompletions'], claude, true],
  ['openai', ['/v1/chat/[completions'], claude, false],
  ['anthropic', ['/v1/messages'], gpt, true],
  ['anthropic', ['/v1/messages/count_tokens'], gpt, false],
  ['google', ['/v1beta/models/gemini-pro:generateContent'], gpt, true],
  ['google', ['/v1beta/models/*:generateContent'], gpt, true],
  ['google', ['/v1beta/models/gemini-pro:countTokens'], gpt, false],
  ['google', ['/v1beta/openai/embeddings'], gpt, false],
  ['google', ['/upload/*'], gpt, false],
  ['bedrock', ['/model/*/converse'], gpt, true],
  ['bedrock', ['/model/m/invoke'], gpt, false],
  ['bedrock', ['/guardrail/*'], gpt, false],
])('%s at %j: %o is of use: %s', (provider, endpoints, backend, isOfUse) => {
  const unused = untranslated([{ provider, endpoints }], [backend as typeof gpt]);
  expect(unused).toEqual(isOfUse ? [] : [backend]);
});

test('a Backend that speaks the API of a match, and any at matches of custom', () => {
  const embeddings = { provider: 'openai', endpoints: ['/v1/embeddings'] };
  expect(untranslated([embeddings], [gpt])).toEqual([]);
  expect(untranslated([embeddings, { provider: 'custom' }], [claude])).toEqual([]);
  expect(untranslated([embeddings, { provider: 'openai' }], [claude])).toEqual([]);
  expect(untranslated([], [claude])).toEqual([]);
});
