/** What providers tell of a call's usage beside its totals: writes by their lifetime, thinking, compaction, other models' words. */
import { expect, test } from 'vitest';
import { codecOf, type Facts } from '../../../egress/providers/index.ts';
import { PriceList } from '../../../egress/price.ts';
import { createUsageTap } from '../../../egress/record/usage-tap.ts';

function read(provider: string, body: object): Facts {
  const facts: Facts = {};
  const tap = createUsageTap(codecOf(provider)!, facts, {
    contentType: 'application/json',
    encoding: undefined,
  });
  tap?.push(Buffer.from(JSON.stringify(body)));
  tap?.end();
  return facts;
}

const claude = { model: 'claude-sonnet-4-5', stop_reason: 'end_turn' };
const message = { type: 'message', input_tokens: 20, output_tokens: 3, cache_read_input_tokens: 100 };
const compaction = { type: 'compaction', input_tokens: 180_000, output_tokens: 4_000 };

test.each([
  [
    'Anthropic: thinking is part of the output',
    'anthropic',
    {
      ...claude,
      usage: { input_tokens: 5, output_tokens: 9, output_tokens_details: { thinking_tokens: 4 } },
    },
    { inputTokens: 5, outputTokens: 9, reasoningTokens: 4 },
  ],
  [
    'Anthropic: compaction, which the totals leave out, is paid too',
    'anthropic',
    {
      ...claude,
      usage: {
        input_tokens: 20,
        output_tokens: 3,
        cache_read_input_tokens: 100,
        iterations: [compaction, message],
      },
    },
    { inputTokens: 180_120, outputTokens: 4_003, cacheReadTokens: 100 },
  ],
  [
    'Anthropic: turns of one model are in the totals',
    'anthropic',
    { ...claude, usage: { input_tokens: 40, output_tokens: 6, iterations: [message, message] } },
    { inputTokens: 40, outputTokens: 6 },
  ],
  [
    'Bedrock: writes kept an hour are told apart',
    'bedrock',
    {
      stopReason: 'end_turn',
      usage: {
        inputTokens: 1,
        outputTokens: 2,
        cacheWriteInputTokens: 30,
        cacheDetails: [
          { ttl: '5m', inputTokens: 10 },
          { ttl: '1h', inputTokens: 20 },
        ],
      },
    },
    { inputTokens: 31, cacheCreationTokens: 30, cacheCreationHourTokens: 20 },
  ],
  [
    'OpenAI: writes to the cache',
    'openai',
    {
      model: 'gpt-4o',
      usage: { prompt_tokens: 50, completion_tokens: 1, prompt_tokens_details: { cache_write_tokens: 40 } },
    },
    { inputTokens: 50, cacheCreationTokens: 40 },
  ],
])('%s', (_title, provider, body, expected) => {
  expect(read(provider, body)).toMatchObject({ ...expected, usage: 'whole' });
});

test('what another model said in between has no price here', () => {
  const iterations = [message, { ...message, type: 'fallback_message', model: 'claude-opus-4-1' }];
  const facts = read('anthropic', { ...claude, usage: { input_tokens: 40, output_tokens: 6, iterations } });
  expect(facts).toMatchObject({ surcharged: true, inputTokens: 40 });
  expect(new PriceList().costOf('anthropic', facts, 'a')).toBeUndefined();
});
