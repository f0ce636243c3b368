/** MCP since 2026-07-28: a call that is made again with the input its server asked for is one call, and only that. */
import { beforeEach, describe, expect, test } from 'vitest';
import { InputStates, inputTtlMs, maxInputs, maxInputsOfAgent } from '../../../egress/mcp/input-states.ts';
import { createField } from '../../../egress/http1/index.ts';
import { MemoryLedger } from '../budget/memory-ledger.ts';
import { asked, attributeOf, request, result, says, underTools } from '../mcp/mcp-script.ts';
import type { Script, ScriptOptions } from './exchange-script.ts';

const route = underTools({ maxCallsPerExecution: 2, account: 'cap' });
const streamed = createField('Content-Type', 'text/event-stream');
let ledger: MemoryLedger;
let inputs: InputStates;
let now = 0;
beforeEach(() => {
  now = 0;
  ledger = new MemoryLedger();
  inputs = new InputStates(() => now);
});

const call = (params: object = {}): object => request('tools/call', { name: 'book', ...params });
const retry = (requestState: string, params: object = {}): object =>
  call({ requestState, inputResponses: { who: { action: 'accept' } }, ...params });
const wants = (requestState: unknown, change: object = {}): string =>
  result({
    ...{ resultType: 'input_required', inputRequests: { who: { method: 'elicitation/create' } } },
    ...{ requestState, ...change },
  });
const done = result({ resultType: 'complete', content: [] });

async function make(message: object, answer: string, options: ScriptOptions = {}): Promise<Script> {
  const talk = await asked(message, route, { ledger, inputs, ...options });
  if (talk.tries.length > 0) says(talk, [answer]);
  await talk.settle();
  return talk;
}

const isMade = (talk: Script): boolean => talk.tries.length > 0;

/** How many more calls of the execution pass. */
async function left(options: ScriptOptions = {}): Promise<number> {
  let count = 0;
  while (count < 3 && isMade(await make(call(), done, options))) count += 1;
  return count;
}

describe('S47: a call is counted once, however often its server asks', () => {
  test('for input, and for more of it', async () => {
    await make(call(), wants('one'));
    await make(retry('one'), wants('two'));
    expect(isMade(await make(retry('two'), done))).toBe(true);
    expect(await left()).toBe(1);
  });

  test('in a stream, and before the stream is over', async () => {
    const first = await asked(call(), route, { ledger, inputs });
    const reader = first.tries[0]?.reader;
    reader?.head({ status: 200, reason: 'OK', bodyLength: undefined, fields: [streamed] });
    reader?.body(Buffer.from(`data: ${wants('s')}\n\n`));
    expect(inputs.size).toBe(1);
    expect(isMade(await make(retry('s'), done))).toBe(true);
    expect(await left()).toBe(1);
  });

  test('whatever of the state is escaped on either way', async () => {
    await make(call(), wants('@').replace('"@"', '"a\\/\\u0062"'));
    await make(retry('a/b'), done);
    expect(await left()).toBe(1);
  });
});

describe('S47: it is a call of its own', () => {
  test.each<[string, object, ScriptOptions]>([
    ['with a state the server never gave', retry('other'), {}],
    ['of another tool', retry('one', { name: 'pay' }), {}],
    ['by another method', request('prompts/get', { name: 'book', requestState: 'one' }), {}],
    ['at another path', retry('one'), { target: '/other' }],
    ['at another host', retry('one'), { host: 'api.openai.com' }],
    ['by another agent', retry('one'), { agentId: 'TaskAgent/default/b' }],
    ['in another execution', retry('one'), { invocationId: 'j' }],
    [
      'as a notification',
      { jsonrpc: '2.0', method: 'tools/call', params: { name: 'book', requestState: 'one' } },
      {},
    ],
  ])('%s', async (_name, message, options) => {
    await make(call(), wants('one'));
    await make(message, done, options);
    // What the server gave is there for its own call still.
    expect(inputs.size).toBe(1);
  });

  test('the second time', async () => {
    await make(call(), wants('one'));
    await make(retry('one'), done);
    await make(retry('one'), done);
    expect(await left()).toBe(0);
  });

  test('after an hour', async () => {
    await make(call(), wants('one'));
    now = inputTtlMs;
    await make(retry('one'), done);
    expect(await left()).toBe(0);
  });

  test.each<[string, string]>([
    ['a result that is whole', done.replace('"complete"', '"complete","requestState":"one"')],
    ['no text', wants(7).replace('"input_required"', '"complete"')],
    ['a result of another type', wants('one').replace('input_required', 'other')],
  ])('after %s', async (_name, answer) => {
    await make(call(), answer);
    expect(inputs.size).toBe(0);
  });
});

test('S47: what the server may not ask brings nothing back', async () => {
  const talk = await asked(call(), { ...route, deniedServerRequests: ['Elicitation'] }, { ledger, inputs });
  says(talk, [wants('one')]);
  expect(inputs.size).toBe(0);
});

test('S47: its arguments are judged again, and a denial is one', async () => {
  const asksNow = underTools({ maxCallsPerExecution: 2, account: 'cap', deniedTools: ['pay'] });
  await make(call(), wants('one'));
  const talk = await asked(retry('one', { name: 'pay' }), asksNow, { ledger, inputs });
  expect(isMade(talk)).toBe(false);
  expect(attributeOf(talk, 'clrk.egress.deny_reason')).toBe('tool');
});

test('S54: an agent has its share of what is remembered, and its oldest goes', () => {
  const at = (agentId: string) => ({
    agentId,
    invocationId: 'i',
    hostname: undefined,
    ip: '192.0.2.1',
    port: 443,
  });
  const accounts = new Set(['a']);
  for (let index = 0; index <= maxInputsOfAgent; index += 1) inputs.remember(at('a'), `k${index}`, accounts);
  expect(inputs.size).toBe(maxInputsOfAgent);
  expect(inputs.take(at('a'), 'k0')).toBeUndefined();
  expect(inputs.take(at('a'), 'k1')).toBe(accounts);
  for (let index = 0; index < maxInputs; index += 1)
    inputs.remember(at(`b${index % 100}`), `k${index}`, accounts);
  expect(inputs.size).toBeLessThanOrEqual(maxInputs);
  now = inputTtlMs;
  inputs.tidy();
  expect(inputs.size).toBe(0);
});
