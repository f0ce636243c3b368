/** An exchange under a budget in money, or a limit of tokens a window: what is promised, refused, sent and settled. */
import { describe, expect, test } from 'vitest';
import { renderUsd, type GatewayConfig } from '../../../contract/index.ts';
import { createField } from '../../../egress/http1/index.ts';
import { PriceList } from '../../../egress/price.ts';
import { MemoryLedger } from '../budget/memory-ledger.ts';
import { createConfig } from '../gateway-config.ts';
import { sent, type Script } from './exchange-script.ts';

type Rule = GatewayConfig['providerRoutes'][number]['rules'][number];

function withRule(change: Partial<Rule>): GatewayConfig {
  const config = createConfig('192.0.2.1', 443);
  const providerRoutes = config.providerRoutes.map((route) => ({
    ...route,
    rules: route.rules.map((rule) => ({ ...rule, ...change })),
  }));
  return { ...config, providerRoutes };
}

const perDay = (maxNanoUsdPerDay: number): GatewayConfig =>
  withRule({ filters: [{ type: 'TokenBudget', account: 'a', maxNanoUsdPerDay }] });
const bodyFor = (model: string): string => `{"model":"${model}","max_tokens":50,"messages":[]}`;
const chat = bodyFor('gpt-4o');
const gpt4o = { priceId: 'openai', model: 'gpt-4o', agentId: 'a' };
const boundOf = (input: number, output: number): number =>
  new PriceList().boundOf(gpt4o, { input, output }) ?? Number.NaN;
/** gpt-4o: $2.50 and $10 a million. */
const exact = (input: number, output: number): number => input * 2_500 + output * 10_000;

async function answer(talk: Script, body: string): Promise<void> {
  const bytes = Buffer.from(body);
  const fields = [createField('Content-Type', 'application/json')];
  const reader = talk.tries[0]?.reader;
  reader?.head({ status: 200, reason: 'OK', fields, bodyLength: bytes.length });
  reader?.body(bytes);
  reader?.finished([]);
  talk.tidy(true);
  await talk.settle();
}

const usage = '{"model":"gpt-4o","usage":{"prompt_tokens":7,"completion_tokens":5}}';

function attributeOf(talk: Script, name: string): unknown {
  const list = talk.records[0]?.attributes;
  return list?.values[list.names.indexOf(name)];
}

function fieldsOf(talk: Script): Record<string, string> {
  return Object.fromEntries((talk.heads[0]?.fields ?? []).map(({ name, value }) => [name, value]));
}

describe('S48: a budget in money', () => {
  test.each<[string, string, number]>([
    ['what its usage costs', usage, exact(7, 5)],
    ['what it was promised where it does not say', '{}', boundOf(chat.length, 50)],
    [
      'what it was promised where its tier has another price',
      usage.replace('{', '{"service_tier":"priority",'),
      boundOf(chat.length, 50),
    ],
  ])('is charged %s', async (_title, body, nanos) => {
    const ledger = new MemoryLedger();
    const talk = await sent({ config: perDay(10_000_000), ledger }, chat);
    await answer(talk, body);
    expect(ledger.total).toBe(nanos);
    expect(attributeOf(talk, 'clrk.budget.charged_usd')).toBe(renderUsd(nanos));
    expect(attributeOf(talk, 'clrk.budget.reserved_usd')).toBe(renderUsd(boundOf(chat.length, 50)));
  });

  test('of which nobody knows the price of a model refuses it, and asks no ledger', async () => {
    const ledger = new MemoryLedger();
    const matches = [{ provider: 'openai', models: [], endpoints: [] }];
    const filters: Rule['filters'] = [{ type: 'TokenBudget', account: 'a', maxNanoUsdPerDay: 10_000_000 }];
    const other = await sent({ config: withRule({ matches, filters }), ledger }, bodyFor('gpt-nobody-sells'));
    expect(other.told()).toMatch(/^403 .*in money.*no price of model/);
    expect(fieldsOf(other)['x-clrk-error-code']).toBe('BUDGET_UNPRICED');
    expect(other.tries).toHaveLength(0);
    expect(ledger.asked).toBe(0);
  });

  test('that is spent refuses and says what is left, in dollars', async () => {
    const talk = await sent({ config: perDay(1_000), ledger: new MemoryLedger() }, chat);
    expect(talk.told()).toMatch(/^429 .*\$0\.000001 of \$0\.000001 left today/);
    expect(fieldsOf(talk)).toMatchObject({
      'x-clrk-error-code': 'BUDGET_EXCEEDED',
      'x-should-retry': 'false',
    });
  });

  test('with less left the answer is capped to what can be paid', async () => {
    const config = perDay(boundOf(chat.length, 20));
    const talk = await sent({ config, ledger: new MemoryLedger() }, chat);
    const body = JSON.parse(Buffer.concat(talk.tries[0]?.sent ?? []).toString()) as { max_tokens: number };
    expect(body.max_tokens).toBe(20);
  });
});

describe('S48: a RateLimitPolicy of tokens', () => {
  const limited = (tokens: number): GatewayConfig =>
    withRule({
      tokenRates: [{ account: 'rate/d/few', tokens, windowMs: 60_000, scope: 'PerGateway', policy: 'd/few' }],
    });

  test('is charged what a call used', async () => {
    const ledger = new MemoryLedger();
    const talk = await sent({ config: limited(1_000), ledger }, chat);
    expect(talk.tries).toHaveLength(1);
    await answer(talk, usage);
    expect([...ledger.taken.keys()].join()).toContain('tokens/window/60000/');
    // What is left of its hundredth ahead goes with the window.
    expect(ledger.total).toBe(12);
  });

  test('answers 429 with when to try again and whose it is', async () => {
    const ledger = new MemoryLedger();
    const first = await sent({ config: limited(100), ledger }, chat);
    expect(first.tries).toHaveLength(1);
    const talk = await sent({ config: limited(100), ledger }, chat);
    expect(talk.told()).toMatch(/^429 .*RateLimitPolicy d\/few allows 100 tokens of a gateway in 60 s/);
    expect(fieldsOf(talk)).toMatchObject({ 'x-clrk-error-code': 'RATE_LIMITED', 'retry-after': '59' });
    expect(fieldsOf(talk)).not.toHaveProperty('x-should-retry');
    expect(attributeOf(talk, 'clrk.egress.deny_reason')).toBe('rate_limit');
  });

  test('that no call fits in says so for good', async () => {
    const talk = await sent({ config: limited(5), ledger: new MemoryLedger() }, chat);
    expect(talk.told()).toMatch(/^429 .*needs \d+ at least/);
    expect(fieldsOf(talk)['x-should-retry']).toBe('false');
  });
});
