/** An exchange under a TokenBudget: what is asked, promised, sent and settled, however the call ends. */
import { describe, expect, test } from 'vitest';
import type { GatewayConfig } from '../../../contract/index.ts';
import { createField } from '../../../egress/http1/index.ts';
import { UpstreamError } from '../../../egress/upstream/upstream-error.ts';
import { MemoryLedger } from '../budget/memory-ledger.ts';
import { createConfig } from '../gateway-config.ts';
import { script, sent, type Script, type ScriptOptions } from './exchange-script.ts';

type Filter = Extract<
  GatewayConfig['providerRoutes'][number]['rules'][number]['filters'][number],
  { type: 'TokenBudget' }
>;

function under(budget: Omit<Filter, 'type' | 'account'>): GatewayConfig {
  const filters: Filter[] = [{ type: 'TokenBudget', account: 'a', ...budget }];
  const config = createConfig('192.0.2.1', 443);
  const providerRoutes = config.providerRoutes.map((route) => ({
    ...route,
    rules: route.rules.map((rule) => ({ ...rule, filters })),
  }));
  return { ...config, providerRoutes };
}

const perDay = (tokens: number): GatewayConfig => under({ maxTokensPerDay: tokens });
const chat = '{"model":"gpt-4o","max_tokens":50,"messages":[]}';
const json = { status: 200, reason: 'OK', fields: [createField('Content-Type', 'application/json')] };
const used = (input: number, output: number): Buffer =>
  Buffer.from(`{"usage":{"prompt_tokens":${input},"completion_tokens":${output}}}`);

const send = (options: ScriptOptions, body = chat): Promise<Script> => sent(options, body);

async function answer(talk: Script, status: number, body: Buffer): Promise<void> {
  const reader = talk.tries[0]?.reader;
  reader?.head({ ...json, status, bodyLength: body.length });
  reader?.body(body);
  reader?.finished([]);
  await close(talk);
}

/** Everything that can be given back is. */
async function close(talk: Script): Promise<void> {
  talk.tidy(true);
  await talk.settle();
}

function attributeOf(talk: Script, name: string): unknown {
  const list = talk.records[0]?.attributes;
  return list?.values[list.names.indexOf(name)];
}

const bodyOf = (talk: Script): string => Buffer.concat(talk.tries[0]?.sent ?? []).toString();

describe('S48: a call is settled by what it used', () => {
  test.each<[string, (talk: Script) => Promise<void>, number]>([
    ['as its answer says', (talk) => answer(talk, 200, used(7, 5)), 12],
    ['more than was promised', (talk) => answer(talk, 200, used(700, 500)), 1_200],
    ['an answer that does not say', (talk) => answer(talk, 200, Buffer.from('{}')), chat.length + 50],
    [
      'an answer that contradicts itself',
      (talk) =>
        answer(
          talk,
          200,
          Buffer.from(
            '{"usage":{"prompt_tokens":1,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":900}}}',
          ),
        ),
      chat.length + 50,
    ],
    ['an error', (talk) => answer(talk, 500, Buffer.from('{}')), 0],
    ['an error that says', (talk) => answer(talk, 400, used(7, 0)), 7],
    [
      'the agent leaves while it is answered',
      async (talk) => {
        talk.tries[0]?.reader.head({ ...json, bodyLength: undefined });
        talk.exchange.aborted('AGENT_GONE');
        await close(talk);
      },
      chat.length + 50,
    ],
    [
      'the agent leaves before',
      async (talk) => {
        talk.exchange.aborted('AGENT_GONE');
        await close(talk);
      },
      chat.length + 50,
    ],
    [
      'the upstream breaks off after it has seen it',
      async (talk) => {
        talk.tries[0]?.reader.failed(new UpstreamError('UPSTREAM_CLOSED', 'closed'));
        await close(talk);
      },
      chat.length + 50,
    ],
  ])('%s', async (_title, end, taken) => {
    const ledger = new MemoryLedger();
    const talk = await send({ config: perDay(10_000), ledger });
    expect(talk.tries).toHaveLength(1);
    await end(talk);
    expect(ledger.total).toBe(taken);
    expect(attributeOf(talk, 'clrk.budget.charged_tokens')).toBe(taken);
  });

  test.each<[string, readonly boolean[], number]>([
    ['none of which began with it', [true, true, true], 0],
    // Kept-alive and closed: perhaps behind the request.
    ['one of which may have begun with it', [false, true, true], chat.length + 50],
  ])('S48: tries %s', async (_title, unprocessed, taken) => {
    const ledger = new MemoryLedger();
    const talk = await send({ config: perDay(10_000), ledger, reused: 1, method: 'POST' });
    for (const [index, each] of unprocessed.entries()) {
      talk.tries[index]?.reader.failed(new UpstreamError('UPSTREAM_CLOSED', 'closed', { unprocessed: each }));
      await talk.settle();
    }
    await close(talk);
    expect(talk.told()).toMatch(/^502/);
    expect(ledger.total).toBe(taken);
  });

  test('an upstream that cannot be reached', async () => {
    const ledger = new MemoryLedger();
    const dialError = () => new UpstreamError('UPSTREAM_UNREACHABLE', 'refused');
    const talk = await send({ config: perDay(10_000), ledger, dialError });
    await close(talk);
    expect(talk.told()).toMatch(/^502/);
    expect(ledger.total).toBe(0);
  });

  test('the agent leaves while the budget is asked', async () => {
    const ledger = new MemoryLedger();
    ledger.turns = () => 10;
    const talk = script({ config: perDay(10_000), ledger });
    talk.exchange.start();
    talk.exchange.data(Buffer.from(chat));
    talk.exchange.end([]);
    talk.exchange.aborted('AGENT_GONE');
    await talk.settle();
    await talk.settle();
    await close(talk);
    await talk.settle();
    expect(talk.tries).toHaveLength(0);
    expect(ledger.total).toBe(0);
  });
});

describe('a budget that is spent', () => {
  test('refuses in the schema of the provider, says when it is whole again, and tells SDKs not to try again', async () => {
    const talk = await send({ config: perDay(20), ledger: new MemoryLedger() });
    expect(talk.tries).toHaveLength(0);
    expect(talk.told()).toMatch(/^429 .*20 of 20 tokens left today.*1970-01-02T00:00:00.000Z/);
    const fields = Object.fromEntries(talk.heads[0]?.fields.map(({ name, value }) => [name, value]) ?? []);
    expect(fields).toMatchObject({
      'x-clrk-error-code': 'BUDGET_EXCEEDED',
      'x-should-retry': 'false',
      'retry-after': String(24 * 60 * 60 - 1),
    });
    expect(
      JSON.parse(
        talk
          .told()
          .replace(/^429 /, '')
          .replace(/ \| end$/, ''),
      ),
    ).toHaveProperty('error.message');
  });

  test('S48: that nobody can count refuses', async () => {
    const talk = await send({ config: perDay(10_000) });
    expect(talk.told()).toMatch(/^503 .*BUDGET_UNAVAILABLE|cannot be counted/);
    expect(talk.tries).toHaveLength(0);
  });
});

describe('what goes out', () => {
  test('a call that gets all it asks for goes as it came', async () => {
    expect(bodyOf(await send({ config: perDay(10_000), ledger: new MemoryLedger() }))).toBe(chat);
  });

  test('with less left its answer is capped', async () => {
    const talk = await send({ config: perDay(80), ledger: new MemoryLedger() });
    expect(JSON.parse(bodyOf(talk))).toMatchObject({ max_tokens: 80 - chat.length });
  });

  test('maxOutputTokensPerRequest alone caps, and asks no ledger', async () => {
    const talk = await send({ config: under({ maxOutputTokensPerRequest: 9 }) });
    expect(JSON.parse(bodyOf(talk))).toMatchObject({ max_tokens: 9 });
  });

  test('a stream is asked for its usage', async () => {
    const talk = await send(
      { config: perDay(100_000), ledger: new MemoryLedger() },
      '{"model":"gpt-4o","stream":true,"messages":[]}',
    );
    expect(JSON.parse(bodyOf(talk))).toMatchObject({ stream_options: { include_usage: true } });
  });
});

describe('S48: what nobody can count', () => {
  test.each<[string, ScriptOptions]>([
    ['images', { target: '/v1/images/generations' }],
    ['an unknown operation', { target: '/v1/batches' }],
  ])('%s is refused', async (_title, options) => {
    const config = under({ maxTokensPerDay: 10_000 });
    const providerRoutes = config.providerRoutes.map((route) => ({
      ...route,
      rules: route.rules.map((rule) => ({
        ...rule,
        matches: [{ provider: 'openai', models: [], endpoints: [] }],
      })),
    }));
    const talk = await send({
      ...options,
      config: { ...config, providerRoutes },
      ledger: new MemoryLedger(),
    });
    expect(talk.told()).toMatch(/^403 .*nobody can count/);
    expect(talk.tries).toHaveLength(0);
  });

  test('a number of answers that is none is refused', async () => {
    const body = '{"model":"gpt-4o","n":"2","messages":[]}';
    const talk = await send({ config: perDay(10_000), ledger: new MemoryLedger() }, body);
    expect(talk.told()).toMatch(/^400 /);
  });

  test('counting tokens is free', async () => {
    const talk = await send(
      {
        config: perDay(1),
        ledger: new MemoryLedger(),
        host: 'api.anthropic.com',
        target: '/v1/messages/count_tokens',
      },
      '{"model":"claude-x","messages":[]}',
    );
    expect(talk.tries.length + talk.heads.filter(({ status }) => status === 403).length).toBe(1);
  });
});
