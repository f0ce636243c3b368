/** Answers that nobody limits, under a budget: they hold no more than the call was promised (S48). */
import { describe, expect, test } from 'vitest';
import { answersWide, unnamedOutputTokens } from '../../../decision/index.ts';
import type { GatewayConfig } from '../../../contract/index.ts';
import { MemoryLedger } from '../budget/memory-ledger.ts';
import { createConfig } from '../gateway-config.ts';
import { sent } from './exchange-script.ts';

type Rule = GatewayConfig['providerRoutes'][number]['rules'][number];
type Filter = Extract<Rule['filters'][number], { type: 'TokenBudget' }>;

function under(budget: Omit<Filter, 'type' | 'account'>): GatewayConfig {
  const filters: Filter[] = [{ type: 'TokenBudget', account: 'a', ...budget }];
  const matches = [{ provider: 'openai' as const, models: [], endpoints: [] }];
  const config = createConfig('192.0.2.1', 443);
  const providerRoutes = config.providerRoutes.map((route) => ({
    ...route,
    rules: route.rules.map((rule) => ({ ...rule, matches, filters })),
  }));
  return { ...config, providerRoutes };
}

const much = { maxTokensPerDay: 1_000_000 };
const named = (model: string, more: object = {}): string => JSON.stringify({ model, messages: [], ...more });

describe('S48: an answer of a call that names no limit', () => {
  test.each<[string, Omit<Filter, 'type' | 'account'>, string, object]>([
    ['of a model of large answers', much, named('gpt-5'), { max_completion_tokens: unnamedOutputTokens }],
    ['in money', { maxNanoUsdPerDay: 1e12 }, named('gpt-5'), { max_completion_tokens: unnamedOutputTokens }],
    [
      'that says there is to be none',
      much,
      named('gpt-4o', { max_tokens: -1 }),
      { max_tokens: unnamedOutputTokens },
    ],
    [
      'that says so under the most of one request',
      { maxOutputTokensPerRequest: 30 },
      named('gpt-4o', { max_tokens: -1 }),
      { max_tokens: 30 },
    ],
  ])('%s holds what it was promised', async (_title, budget, body, cap) => {
    const talk = await sent({ config: under(budget), ledger: new MemoryLedger() }, body);
    expect(JSON.parse(Buffer.concat(talk.tries[0]?.sent ?? []).toString())).toMatchObject(cap);
  });

  test.each([
    ['of a model whose answers are not larger', named('gpt-4o')],
    ['of a model that might refuse so many', named('gpt-4-turbo')],
    ['that names one', named('gpt-5', { max_completion_tokens: 99_000 })],
  ])('%s goes as it came', async (_title, body) => {
    const talk = await sent({ config: under(much), ledger: new MemoryLedger() }, body);
    expect(Buffer.concat(talk.tries[0]?.sent ?? []).toString()).toBe(body);
  });
});

test.each<[boolean, readonly string[]]>([
  [
    true,
    ['gpt-5', 'GPT-5.2-pro', 'gpt-4.1-mini', 'o1', 'o3-mini', 'o4-mini-deep-research', 'codex-mini-latest'],
  ],
  [true, ['gemini-2.5-pro', 'gemini-3-flash-preview', 'ft:gpt-4.1:acme::x', 'my-gpt-5-deployment']],
  [true, ['claude-3-7-sonnet-latest', 'us.anthropic.claude-opus-4-1-20250805-v1:0', 'claude-haiku-4-5']],
  [false, ['gpt-4', 'gpt-4o', 'gpt-4o-mini', 'gpt-4-turbo', 'gpt-3.5-turbo', 'gemini-2.0-flash', 'gemma-3']],
  [false, ['claude-3-5-sonnet-latest', 'claude-3-haiku', 'llama3', 'mistral-large', 'foo1', 'o1x', '']],
])('models of large answers: %s of %j', (isWide, models) => {
  expect(models.map((model) => answersWide(model))).toEqual(models.map(() => isWide));
});
