/** What an agent is told of the limits its call is under, by the gateway's answers and by those that pass. */
import { describe, expect, test } from 'vitest';
import type { CallLimit, GatewayConfig } from '../../../contract/index.ts';
import { createField, fieldValues, type Field } from '../../../egress/http1/index.ts';
import { MemoryLedger } from '../budget/memory-ledger.ts';
import { createConfig } from '../gateway-config.ts';
import { sent, type Script } from './exchange-script.ts';

type Rule = GatewayConfig['providerRoutes'][number]['rules'][number];

const slow = (calls: number): CallLimit => ({
  ...{ account: 'rate/default/slow', calls, windowMs: 60_000, scope: 'PerAgent', policy: 'default/slow' },
});

function under(rule: Partial<Pick<Rule, 'filters' | 'limits' | 'tokenRates'>>): GatewayConfig {
  const config = createConfig('192.0.2.1', 443);
  const providerRoutes = config.providerRoutes.map((route) => ({
    ...route,
    rules: route.rules.map((each) => ({ ...each, ...rule })),
  }));
  return { ...config, providerRoutes };
}

const team = (maxTokensPerDay: number): Rule['filters'] => [
  { type: 'TokenBudget', account: 'ref/default/team', maxTokensPerDay },
];

const chat = '{"model":"gpt-4o","max_tokens":50,"messages":[]}';

function answer(talk: Script, fields: readonly Field[] = []): void {
  const reader = talk.tries[0]?.reader;
  const json = createField('Content-Type', 'application/json');
  reader?.head({ status: 200, reason: 'OK', fields: [json, ...fields], bodyLength: 62 });
  reader?.body(Buffer.from('{"usage":{"prompt_tokens":7,"completion_tokens":5}}           '));
  reader?.finished([]);
}

const told = (talk: Script, name: string): string[] =>
  talk.heads.flatMap(({ fields }) => fieldValues(fields, name));

describe('headers that say what is left', () => {
  test('on an answer that passes: limits, what is left of them with this call taken off, and until when', async () => {
    const config = under({ limits: [slow(10)], filters: team(10_000) });
    const talk = await sent({ config, ledger: new MemoryLedger() }, chat);
    answer(talk);
    expect(told(talk, 'ratelimit-policy')).toEqual([
      '"clrk-default/slow";q=10;w=60, "clrk-budget-tokens-day";q=10000;qu="tokens";w=86400',
    ]);
    expect(told(talk, 'ratelimit')).toEqual([
      `"clrk-default/slow";r=9;t=59, "clrk-budget-tokens-day";r=${10_000 - chat.length - 50};t=86399`,
    ]);
  });

  test('beside those of the upstream, which go on as they are', async () => {
    const talk = await sent({ config: under({ limits: [slow(10)] }), ledger: new MemoryLedger() }, chat);
    answer(talk, [
      createField('x-ratelimit-remaining-tokens', '149984'),
      createField('anthropic-ratelimit-requests-reset', '2026-11-28T00:00:00Z'),
      createField('RateLimit', '"theirs";r=1;t=1'),
    ]);
    expect(told(talk, 'x-ratelimit-remaining-tokens')).toEqual(['149984']);
    expect(told(talk, 'anthropic-ratelimit-requests-reset')).toEqual(['2026-11-28T00:00:00Z']);
    expect(told(talk, 'ratelimit')).toEqual(['"theirs";r=1;t=1', '"clrk-default/slow";r=9;t=59']);
  });

  test.each<[string, Parameters<typeof under>[0], string]>([
    [
      'a spent budget',
      { filters: team(20) },
      '429 BUDGET_EXCEEDED 86399 "clrk-budget-tokens-day";r=20;t=86399',
    ],
    [
      'a limit of calls that is reached',
      { limits: [slow(1)] },
      '429 RATE_LIMITED 59 "clrk-default/slow";r=0;t=59',
    ],
  ])('on the refusal by %s', async (_title, rule, expected) => {
    const ledger = new MemoryLedger();
    await sent({ config: under(rule), ledger }, chat);
    const talk = await sent({ config: under(rule), ledger }, chat);
    const said = ['x-clrk-error-code', 'retry-after', 'ratelimit'].flatMap((name) => told(talk, name));
    expect([talk.heads[0]?.status, ...said].join(' ')).toBe(expected);
  });

  test('S54: of a shared budget what binds the caller, and of another agent nothing', async () => {
    const ledger = new MemoryLedger();
    const config = under({ limits: [slow(10)], filters: team(10_000) });
    answer(await sent({ config, ledger, agentId: 'TaskAgent/default/other' }, chat));
    const talk = await sent({ config, ledger }, chat);
    answer(talk);
    const [left = ''] = told(talk, 'ratelimit');
    // Its own calls are its own; the budget is one for both, and what the other's gateway took ahead is taken.
    expect(left).toContain('"clrk-default/slow";r=9;');
    expect(left).toContain(`"clrk-budget-tokens-day";r=${10_000 - 2 * (chat.length + 50) - 100};`);
    expect(talk.heads[0]?.fields.map(({ value }) => value).join()).not.toMatch(/other|team|TaskAgent/);
  });

  test('a call under no limit has none, nor one whose window is over says what was left of it', async () => {
    const none = await sent({ config: under({}), ledger: new MemoryLedger() }, chat);
    answer(none);
    expect([...told(none, 'ratelimit'), ...told(none, 'ratelimit-policy')]).toEqual([]);
    const late = await sent({ config: under({ limits: [slow(10)] }), ledger: new MemoryLedger() }, chat);
    late.now += 120_000;
    answer(late);
    expect(told(late, 'ratelimit')).toEqual([]);
    expect(told(late, 'ratelimit-policy')).toEqual(['"clrk-default/slow";q=10;w=60']);
  });
});
