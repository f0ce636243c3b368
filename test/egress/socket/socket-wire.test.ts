/** What an upstream may do in a WebSocket that is judged or read: bytes of its own making against a gateway. */
import { afterEach, expect, test } from 'vitest';
import type { TLSSocket } from 'node:tls';
import { writeText } from '../../../egress/socket/frame-writer.ts';
import { MemoryLedger } from '../budget/memory-ledger.ts';
import { converse, openGatewayBed, until, type GatewayBed } from '../gateway-bed.ts';
import { createConfig, secret } from '../gateway-config.ts';

let bed: GatewayBed;
afterEach(() => bed.close());

const host = 'api.openai.com';
const event = (value: object): Buffer => writeText([Buffer.from(JSON.stringify(value))], undefined);
const say = (value: object): string =>
  writeText([Buffer.from(JSON.stringify(value))], Buffer.from([1, 2, 3, 4])).toString('latin1');
const response = (status: string, usage?: object): object => ({
  ...{ id: 'resp_1', object: 'response', status, model: 'gpt-4o' },
  ...(usage === undefined ? {} : { usage }),
});
const used = { input_tokens: 7, output_tokens: 5 };
const create = { type: 'response.create', model: 'gpt-4o', input: 'hi' };
const completed = event({ type: 'response.completed', response: response('completed', used) });

/** Answers the upgrade, then `answers` one after the other, each to some bytes of the agent. */
async function open(answers: readonly Buffer[], path = '/v1/responses', rules?: object): Promise<TLSSocket> {
  bed = await openGatewayBed({
    ledger: new MemoryLedger(),
    serve: (socket) => {
      const left = [...answers];
      socket.once('data', () => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
        socket.on('data', () => {
          const next = left.shift();
          if (next !== undefined) socket.write(next);
        });
      });
    },
  });
  bed.configure((ip, port) => {
    const plain = createConfig(ip, port);
    const [route] = plain.providerRoutes;
    const [rule] = route!.rules;
    return createConfig(ip, port, {
      providerRoutes: [{ ...route!, rules: [{ ...rule!, ...rules }] }],
    });
  });
  const agent = await bed.dial(host);
  const upgrade = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
  expect(await converse(agent, upgrade, (text) => text.includes('\r\n\r\n'))).toContain(' 101 ');
  return agent;
}

const named = (name: string) => bed.records.filter((record) => record.name.startsWith(name));

test('S37: the key that was injected is starred out of events, and a response is recorded under its socket', async () => {
  const agent = await open([
    Buffer.concat([event({ type: 'response.output_text.delta', delta: `key ${secret}` }), completed]),
  ]);
  const told = await converse(agent, say(create), (text) => text.includes('response.completed'));
  expect(told).not.toContain(secret);
  agent.destroy();
  await until(() => bed.records.length === 2, 'both records');
  const [one] = named('chat');
  const [socket] = named('GET');
  expect(one?.attributes).toMatchObject({
    'gen_ai.usage.input_tokens': 7,
    'gen_ai.usage.output_tokens': 5,
    'clrk.decision.route': 'AIProviderRoute/default/llm',
  });
  expect(one?.traceparent?.split('-')[2]).toBe(socket?.spanId);
  expect(socket?.attributes['gen_ai.usage.input_tokens']).toBeUndefined();
});

test('S46: a response nobody asked for ends the socket, and what was told goes no further', async () => {
  const unasked = event({ type: 'response.created', response: { ...response('in_progress'), id: 'resp_2' } });
  const agent = await open([Buffer.concat([completed, unasked, event({ type: 'response.later' })])]);
  const told = await converse(agent, say(create), () => false);
  expect(told).toContain('response.completed');
  expect(told).not.toContain('resp_2');
  await until(() => bed.upstreamOpen() === 0 && bed.records.length === 2, 'the end');
  expect(named('GET')[0]?.attributes['error.type']).toBe('UNASKED_RESPONSE');
});

test('S48: an answer far longer than what was promised is cut, told as cut and charged', async () => {
  const rules = { filters: [{ type: 'TokenBudget', account: 'a', maxTokensPerDay: 10_000 }] };
  const created = event({ type: 'response.created', response: response('in_progress') });
  const flood = Array.from({ length: 20 }, () =>
    event({ type: 'response.output_text.delta', delta: 'x'.repeat(400) }),
  );
  const agent = await open([Buffer.concat([created, ...flood])], undefined, rules);
  const told = await converse(agent, say({ ...create, max_output_tokens: 100 }), () => false);
  expect(told).toContain('BUDGET_CUT');
  await until(() => named('chat').length === 1, 'its record');
  const { attributes } = named('chat')[0]!;
  expect(attributes['clrk.egress.deny_reason']).toBe('budget');
  expect(attributes['clrk.budget.charged_tokens']).toBeGreaterThan(100);
});

test('S48: a socket that breaks off charges what was promised', async () => {
  const rules = { filters: [{ type: 'TokenBudget', account: 'a', maxTokensPerDay: 10_000 }] };
  const created = event({ type: 'response.created', response: response('in_progress') });
  const agent = await open([created], undefined, rules);
  await converse(agent, say({ ...create, max_output_tokens: 100 }), (text) => text.includes('created'));
  agent.destroy();
  await until(() => named('chat').length === 1, 'its record');
  const { attributes } = named('chat')[0]!;
  expect(attributes['error.type']).toBe('AGENT_GONE');
  expect(attributes['clrk.budget.charged_tokens']).toBe(attributes['clrk.budget.reserved_tokens']);
});

test('an error is told between two messages of the upstream, never within one', async () => {
  const whole = event({ type: 'response.output_text.delta', delta: 'abcdef' });
  const agent = await open([whole.subarray(0, 10), Buffer.concat([whole.subarray(10), completed])]);
  await converse(agent, say(create), (text) => text.length >= 10);
  // Its refusal waits for the rest of the delta, whose first bytes are out.
  const refused = say({ type: 'nope' }) + say({ type: 'response.cancel' });
  const told = await converse(
    agent,
    refused,
    (text) => text.includes('completed') && text.includes('SOCKET_MESSAGE_REFUSED'),
  );
  expect(told.indexOf('cdef')).toBeLessThan(told.indexOf('SOCKET_MESSAGE_REFUSED'));
});

test('Realtime goes on as it comes, each response recorded with what it used', async () => {
  const done = event({
    type: 'response.done',
    response: {
      ...{ id: 'resp_r', object: 'realtime.response', status: 'completed' },
      usage: {
        input_tokens: 30,
        output_tokens: 12,
        input_token_details: { cached_tokens: 4, audio_tokens: 9 },
      },
    },
  });
  const session = event({ type: 'session.created', session: { model: 'gpt-realtime' } });
  const rules = { matches: [{ provider: 'openai', models: [], endpoints: [] }] };
  const agent = await open([Buffer.concat([session, done])], '/v1/realtime', rules);
  await converse(agent, say({ type: 'session.update' }), (text) => text.includes('response.done'));
  await until(() => named('chat').length === 1, 'its record');
  expect(named('chat')[0]?.attributes).toMatchObject({
    'gen_ai.request.model': 'gpt-realtime',
    'gen_ai.usage.input_tokens': 30,
    'gen_ai.usage.output_tokens': 12,
    'gen_ai.usage.cache_read.input_tokens': 4,
  });
  // Audio costs what no price of a token tells.
  expect(named('chat')[0]?.attributes['clrk.cost.usd']).toBeUndefined();
});

test('S29: an agent that asks for refusals and reads none is let go, however little it said', async () => {
  const agent = await open([]);
  agent.pause();
  const flood = Buffer.from(say({ x: 1 }).repeat(4_000), 'latin1');
  agent.on('error', () => undefined);
  agent.write(flood);
  await until(() => bed.records.length === 1, 'the end of the socket');
  expect(named('GET')[0]?.attributes['error.type']).toBe('REFUSALS_UNREAD');
});

test('S29: what the gateway says itself waits behind a message of the upstream that never ends, not for ever', async () => {
  const begun = event({ type: 'response.output_text.delta', delta: 'x'.repeat(400) }).subarray(0, 100);
  const agent = await open([begun]);
  await converse(agent, say({ type: 'response.cancel' }), (text) => text.includes('delta'));
  agent.on('error', () => undefined);
  agent.write(Buffer.from(say({ x: 1 }).repeat(4_000), 'latin1'));
  await until(() => bed.records.length === 1, 'the end of the socket');
  expect(named('GET')[0]?.attributes['error.type']).toBe('REFUSALS_UNREAD');
});
