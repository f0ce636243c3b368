/** OpenAI's own WebSocket client through a gateway: each response of a socket is a call of its own. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MemoryLedger } from '../budget/memory-ledger.ts';
import { secret } from '../gateway-config.ts';
import { until } from '../gateway-bed.ts';
import { openSocketBed, responsesOf, type SocketBed } from './socket-bed.ts';

let bed: SocketBed;
let ledger: MemoryLedger;
beforeEach(async () => {
  ledger = new MemoryLedger();
  bed = await openSocketBed(ledger);
});
afterEach(() => bed.close());

const codeOf = (event: Record<string, unknown>): unknown => (event['error'] as { code?: unknown })?.code;
const idOf = (event: Record<string, unknown>): string => (event['response'] as { id: string }).id;

test('many responses pass in one socket, each with its own record of what it used', async () => {
  bed.use({});
  const talk = await bed.connect();
  const first = await talk.ask({ model: 'gpt-4o-mini', input: 'count input 12, output 5' });
  expect(first.type).toBe('response.completed');
  const second = await talk.ask({
    model: 'gpt-4o-mini',
    input: 'count input 40, output 7',
    previous_response_id: idOf(first),
  });
  expect(second.type).toBe('response.completed');
  await until(() => responsesOf(bed).length === 2, 'two records');
  expect(
    responsesOf(bed).map(({ attributes }) => [
      attributes['gen_ai.request.model'],
      attributes['gen_ai.usage.input_tokens'],
      attributes['gen_ai.usage.output_tokens'],
      typeof attributes['clrk.cost.usd'],
      attributes['clrk.decision.route'],
      attributes['http.response.status_code'],
    ]),
  ).toEqual([
    ['gpt-4o-mini', 12, 5, 'number', 'AIProviderRoute/default/llm', 200],
    ['gpt-4o-mini', 40, 7, 'number', 'AIProviderRoute/default/llm', 200],
  ]);
  // The stand-in takes the real key alone.
  expect(bed.provider.received()[0]?.key).toBe(secret);
});

test('S46: a socket that was opened for one model serves no other, and lives on', async () => {
  bed.use({});
  const talk = await bed.connect();
  const denied = await talk.ask({ model: 'o3', input: 'hi' });
  expect([denied.type, denied['status'], codeOf(denied)]).toEqual(['error', 403, 'EGRESS_DENIED']);
  expect((await talk.ask({ input: 'hi' })).type).toBe('error');
  expect((await talk.ask({ model: 'gpt-4o', input: 'hi' })).type).toBe('response.completed');
  expect(bed.provider.received().filter(({ body }) => body !== '')).toHaveLength(1);
  await until(() => responsesOf(bed).length === 3, 'records');
  expect(responsesOf(bed).map(({ attributes }) => attributes['clrk.egress.deny_reason'])).toEqual([
    'model',
    'model',
    undefined,
  ]);
});

test.each([
  ['S32: an event that may start a response by itself', '{"type":"response.steer","input":[]}'],
  ['S32: an event nobody knows', '{"type":"session.update","session":{"model":"o3"}}'],
  ['S32: a message without a type', '{"model":"gpt-4o","input":"hi"}'],
  ['S46: a type twice', '{"type":"response.cancel","type":"response.create","model":"o3"}'],
  ['S46: a model twice', '{"type":"response.create","model":"gpt-4o","model":"o3"}'],
  ['S46: a response within', '{"type":"response.create","model":"gpt-4o","response":{"model":"o3"}}'],
  ['S46: no JSON', 'response.create'],
  ['S46: a model where none belongs', '{"type":"response.cancel","model":"gpt-4o"}'],
])('%s does not pass', async (_name, text) => {
  bed.use({});
  const talk = await bed.connect();
  talk.client.sendRaw(text);
  expect(await talk.last(0)).toMatchObject({ type: 'error', status: 400 });
  expect((await talk.ask({ model: 'gpt-4o', input: 'hi' })).type).toBe('response.completed');
  expect(bed.provider.received().filter(({ body }) => body !== '')).toHaveLength(1);
});

test('S32: a binary message cannot be read and does not pass', async () => {
  bed.use({});
  const talk = await bed.connect();
  talk.client.sendRaw(Buffer.from('{"type":"response.create","model":"o3","input":"hi"}'));
  const told = await talk.last(0);
  expect([told.type, codeOf(told)]).toEqual(['error', 'SOCKET_MESSAGE_REFUSED']);
  expect(bed.provider.received().filter(({ body }) => body !== '')).toHaveLength(0);
});

test('S48: each response is promised tokens, held to them and settled by what it used', async () => {
  bed.use({ filters: [{ type: 'TokenBudget', account: 'a', maxTokensPerDay: 600 }] });
  const talk = await bed.connect();
  const first = await talk.ask({
    model: 'gpt-4o',
    input: 'count input 100, output 50',
    max_output_tokens: 200,
  });
  expect(first.type).toBe('response.completed');
  const second = await talk.ask({
    model: 'gpt-4o',
    input: 'count input 300, output 100',
    previous_response_id: idOf(first),
  });
  expect(second.type).toBe('response.completed');
  // What it may write was told to the provider, though it asked for no limit.
  const [, sent] = bed.provider.received().flatMap(({ body }) => (body === '' ? [] : [body]));
  expect((JSON.parse(sent ?? '{}') as { max_output_tokens: number }).max_output_tokens).toBeLessThan(450);
  const third = await talk.ask({ model: 'gpt-4o', input: 'hi', previous_response_id: idOf(second) });
  expect([third.type, third['status'], codeOf(third)]).toEqual(['error', 429, 'BUDGET_EXCEEDED']);
  await until(() => responsesOf(bed).length === 3, 'records');
  expect(responsesOf(bed).map(({ attributes }) => attributes['clrk.budget.charged_tokens'])).toEqual([
    150,
    400,
    undefined,
  ]);
});

test('S48: calls of a limit are counted by the response', async () => {
  const limit = {
    policy: 'default/l',
    account: 'l',
    calls: 3,
    windowMs: 3_600_000,
    scope: 'PerAgent' as const,
  };
  bed.use({ limits: [limit] });
  const talk = await bed.connect();
  const types: string[] = [];
  for (let index = 0; index < 3; index += 1) {
    types.push((await talk.ask({ model: 'gpt-4o', input: 'hi' })).type);
  }
  // The socket itself is the first of three.
  expect(types).toEqual(['response.completed', 'response.completed', 'error']);
});

test('a Backend renames the model of each response', async () => {
  const backend = {
    ...{ name: 'own', weight: 1, schema: 'openai', host: 'api.openai.com', port: 443 },
    ...{ modelRewrites: [{ from: 'gpt-4o-small', to: 'gpt-4o-mini' }], ensureStreamUsage: false },
  };
  bed.gateway.configure((ip, port) => ({
    ...bed.policy({ backends: [{ ...backend, port }] }, ip, port),
  }));
  const talk = await bed.connect();
  const done = await talk.ask({ model: 'gpt-4o-small', input: 'hi' });
  expect((done['response'] as { model: string }).model).toBe('gpt-4o-mini');
});

test('S36: a response under way ends with its socket when its model is not allowed any more', async () => {
  bed.use({});
  const talk = await bed.connect();
  await talk.ask({ model: 'gpt-4o', input: 'hi' });
  bed.use({ matches: [{ provider: 'openai', models: ['o3'], endpoints: [] }] });
  expect(await talk.ask({ model: 'gpt-4o', input: 'hi' })).toMatchObject({ type: 'error', status: 403 });
  expect((await talk.ask({ model: 'o3', input: 'hi' })).type).toBe('response.completed');
});
