/** An exchange under limits of calls: when it is counted, what that costs, and what its agent is told. */
import { describe, expect, test } from 'vitest';
import type { CallLimit, GatewayConfig } from '../../../contract/index.ts';
import { createField } from '../../../egress/http1/index.ts';
import { UpstreamError } from '../../../egress/upstream/upstream-error.ts';
import { MemoryLedger } from '../budget/memory-ledger.ts';
import { createConfig } from '../gateway-config.ts';
import { chat, script, sent, type Script, type ScriptOptions } from './exchange-script.ts';

const limit = (calls = 1): CallLimit => ({
  ...{ account: 'rate/default/slow', calls, windowMs: 60_000, scope: 'PerAgent', policy: 'default/slow' },
});

function under(
  limits: CallLimit[],
  filters: GatewayConfig['providerRoutes'][number]['rules'][number]['filters'] = [],
): GatewayConfig {
  const config = createConfig('192.0.2.1', 443);
  const providerRoutes = config.providerRoutes.map((route) => ({
    ...route,
    rules: route.rules.map((rule) => ({ ...rule, limits, filters })),
  }));
  return { ...config, providerRoutes };
}

/** Also calls that name no model. */
function ofEveryCall(limits: CallLimit[]): GatewayConfig {
  const config = under(limits);
  const matches = [{ provider: 'openai', models: [], endpoints: [] }];
  const providerRoutes = config.providerRoutes.map((route) => ({
    ...route,
    rules: route.rules.map((rule) => ({ ...rule, matches })),
  }));
  return { ...config, providerRoutes };
}

const json = { status: 200, reason: 'OK', fields: [createField('Content-Type', 'application/json')] };

function answer(talk: Script, status = 200): void {
  const reader = talk.tries.at(-1)?.reader;
  reader?.head({ ...json, status, bodyLength: 2 });
  reader?.body(Buffer.from('{}'));
  reader?.finished([]);
}

async function close(talk: Script): Promise<void> {
  talk.tidy(true);
  await talk.settle();
}

function attributeOf(talk: Script, name: string): unknown {
  const list = talk.records[0]?.attributes;
  return list?.values[list.names.indexOf(name)];
}

const headOf = (talk: Script): Record<string, string> =>
  Object.fromEntries(talk.heads[0]?.fields.map(({ name, value }) => [name, value]) ?? []);

describe('S48: a call counts when an upstream may have seen it', () => {
  test.each<[string, (talk: Script) => void | Promise<void>, number]>([
    ['answered', (talk) => answer(talk), 1],
    ['answered with an error', (talk) => answer(talk, 500), 1],
    ['left by its agent', (talk) => talk.exchange.aborted('AGENT_GONE'), 1],
    ['cut', (talk) => talk.tries[0]?.reader.failed(new UpstreamError('UPSTREAM_CLOSED', 'closed')), 1],
    [
      'refused by a stream that did not begin',
      async (talk) => {
        for (let tries = 0; tries < 3; tries += 1) {
          talk.tries[tries]?.reader.failed(new UpstreamError('UPSTREAM_CLOSED', 'no', { unprocessed: true }));
          await talk.settle();
        }
      },
      0,
    ],
  ])('%s', async (_title, end, taken) => {
    const ledger = new MemoryLedger();
    const talk = await sent({ config: under([limit()]), ledger });
    expect(talk.tries).toHaveLength(1);
    await end(talk);
    await close(talk);
    expect(ledger.total).toBe(taken);
  });

  test('not where its upstream cannot be reached', async () => {
    const ledger = new MemoryLedger();
    const dialError = () => new UpstreamError('UPSTREAM_UNREACHABLE', 'refused', { unprocessed: true });
    await close(await sent({ config: under([limit()]), ledger, dialError }));
    expect(ledger.total).toBe(0);
  });

  test('an earlier try that may have been seen counts, whatever becomes of the next', async () => {
    const ledger = new MemoryLedger();
    const dialError = () => new UpstreamError('UPSTREAM_UNREACHABLE', 'refused', { unprocessed: true });
    const asked = { method: 'GET', target: '/v1/models', length: 0, reused: 1, dialError };
    const talk = script({ config: ofEveryCall([limit()]), ledger, ...asked });
    talk.exchange.start();
    talk.exchange.end([]);
    await talk.settle();
    talk.tries[0]?.reader.failed(new UpstreamError('UPSTREAM_CLOSED', 'closed'));
    await talk.settle();
    expect(talk.told()).toMatch(/^502 .*refused/);
    await close(talk);
    expect(ledger.total).toBe(1);
  });

  test('once, however often it is tried', async () => {
    const ledger = new MemoryLedger();
    const talk = await sent({ config: under([limit(5)]), ledger, reused: 1 });
    talk.tries[0]?.reader.failed(new UpstreamError('UPSTREAM_CLOSED', 'closed', { unprocessed: true }));
    await talk.settle();
    expect(talk.tries).toHaveLength(2);
    answer(talk);
    await close(talk);
    expect(ledger.total).toBe(1);
  });

  test('not where its budget refuses it', async () => {
    const ledger = new MemoryLedger();
    const budget = { type: 'TokenBudget' as const, account: 'b', maxTokensPerDay: 1 };
    const talk = await sent({ config: under([limit()], [budget]), ledger });
    expect(headOf(talk)['x-clrk-error-code']).toBe('BUDGET_EXCEEDED');
    await close(talk);
    expect(ledger.total).toBe(0);
  });

  test('not where the agent leaves while it is counted', async () => {
    const ledger = new MemoryLedger();
    ledger.turns = () => 10;
    const talk = script({ config: under([limit()]), ledger });
    talk.exchange.start();
    talk.exchange.data(Buffer.from(chat));
    talk.exchange.end([]);
    talk.exchange.aborted('AGENT_GONE');
    for (let turn = 0; turn < 3; turn += 1) await talk.settle();
    await close(talk);
    await talk.settle();
    expect(talk.tries).toHaveLength(0);
    expect(ledger.total).toBe(0);
  });
});

test('a body that nobody has to read waits while its call is counted, and goes out whole', async () => {
  const ledger = new MemoryLedger();
  ledger.turns = () => 5;
  const talk = script({ config: ofEveryCall([limit()]), ledger, target: '/v1/files' });
  talk.exchange.start();
  for (const part of ['one ', 'two ', 'three']) talk.exchange.data(Buffer.from(part));
  talk.exchange.end([]);
  expect(talk.tries).toHaveLength(0);
  await talk.settle();
  expect(Buffer.concat(talk.tries[0]?.sent ?? []).toString()).toBe('one two three');
  expect(talk.tries[0]?.ended).toBe(true);
});

describe('S36: limits changed while it is counted', () => {
  const budgetOf = (maxTokensPerDay: number) => ({
    type: 'TokenBudget' as const,
    account: 'b',
    maxTokensPerDay,
  });

  test.each<[string, GatewayConfig, number]>([
    ['as they were', under([limit(5)], [budgetOf(1_000_000)]), 1],
    ['fewer calls', under([limit(1)], [budgetOf(1_000_000)]), 0],
    ['another account', under([{ ...limit(5), account: 'rate/default/new' }], [budgetOf(1_000_000)]), 0],
    ['no limit', under([], [budgetOf(1_000_000)]), 0],
    ['another budget', under([limit(5)], [budgetOf(900_000)]), 0],
  ])('%s', async (_title, next, tries) => {
    const ledger = new MemoryLedger();
    ledger.turns = () => 2;
    const talk = script({ config: under([limit(5)], [budgetOf(1_000_000)]), ledger });
    talk.exchange.start();
    talk.exchange.data(Buffer.from(chat));
    talk.exchange.end([]);
    talk.swap(() => next);
    for (let turn = 0; turn < 3; turn += 1) await talk.settle();
    expect(talk.tries).toHaveLength(tries);
    if (tries > 0) return close(talk);
    expect(headOf(talk)['x-clrk-error-code']).toBe('POLICY_CHANGED');
    await close(talk);
    expect(ledger.total).toBe(0);
  });
});

describe('a limit that is reached', () => {
  test('answers 429 in the schema of the provider, says when to try again, and which policy it was', async () => {
    const ledger = new MemoryLedger();
    const options: ScriptOptions = { config: under([limit()]), ledger };
    answer(await sent(options));
    const talk = await sent(options);
    expect(talk.tries).toHaveLength(0);
    expect(talk.told()).toMatch(
      /^429 \{"error":\{.*RateLimitPolicy default\/slow allows 1 call of an agent in 60 s/,
    );
    expect(headOf(talk)).toMatchObject({ 'x-clrk-error-code': 'RATE_LIMITED', 'retry-after': '59' });
    expect(headOf(talk)).not.toHaveProperty('x-should-retry');
    expect(attributeOf(talk, 'clrk.egress.deny_reason')).toBe('rate_limit');
    expect(attributeOf(talk, 'clrk.egress.deny_policy')).toBe('default/slow');
    expect(attributeOf(talk, 'clrk.decision')).toBe('deny');
  });

  test('refuses where nobody can count', async () => {
    const talk = await sent({ config: under([limit()]) });
    expect(talk.tries).toHaveLength(0);
    expect(headOf(talk)).toMatchObject({ 'x-clrk-error-code': 'RATE_LIMIT_UNAVAILABLE', 'retry-after': '1' });
    expect(talk.heads[0]?.status).toBe(503);
  });
});

describe('tools', () => {
  const host = 'files.example.com';
  const every = { servers: [], tools: [], toolsRegex: [], resources: [], methods: [] };
  const open = { allowedTools: [], allowedToolsRegex: [], deniedTools: [], deniedToolsRegex: [] };
  const toolPolicy = {
    ...open,
    requireConfirmation: [],
    rateLimits: [],
    maxCallsPerExecution: 2,
    account: 'cap',
  };
  const config = createConfig('192.0.2.1', 443, {
    mcpRoutes: [
      {
        route: { namespace: 'default', name: 'tools' },
        hostnames: [host],
        rules: [{ matches: [every], toolPolicies: [toolPolicy], unsupported: [] }],
      },
    ],
  });
  const tool = (id: string) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'search' } });
  const ask = (ledger: MemoryLedger, message: unknown): Promise<Script> =>
    sent({ config, ledger, host, target: '/mcp' }, JSON.stringify(message));

  test("S47: a call too many is an error on the same id with 200, so that an SDK's session lives", async () => {
    const ledger = new MemoryLedger();
    for (const id of ['a', 'b']) answer(await ask(ledger, tool(id)));
    const talk = await ask(ledger, tool('c'));
    expect(talk.tries).toHaveLength(0);
    expect(talk.heads[0]?.status).toBe(200);
    expect(headOf(talk)['x-clrk-error-code']).toBe('CALL_LIMIT_REACHED');
    const [, text = ''] = /^200 (.*) \| end$/.exec(talk.told()) ?? [];
    expect(JSON.parse(text)).toMatchObject({ jsonrpc: '2.0', id: 'c', error: { code: -32_001 } });
    expect(attributeOf(talk, 'clrk.mcproute.toolpolicy.decision')).toBe('deny');
  });

  test('S46: each call of a batch counts, and a batch that does not fit takes nothing', async () => {
    const ledger = new MemoryLedger();
    answer(await ask(ledger, [tool('a')]));
    const refused = await ask(ledger, [tool('b'), tool('c')]);
    expect(refused.tries).toHaveLength(0);
    expect(refused.heads[0]?.status).toBe(429);
    expect((await ask(ledger, tool('d'))).tries).toHaveLength(1);
  });
});
