/** What a person is shown of a tool's arguments, from the bytes of a real body on. */
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../contract/index.ts';
import { askOfTool } from '../../../decision/approval.ts';
import type { RpcMessage } from '../../../decision/index.ts';
import { call, site } from '../../decision/asking.ts';
import { readBody } from './read-body.ts';

async function messagesOf(text: string, bytes: number): Promise<readonly RpcMessage[]> {
  const whole = Buffer.from(text);
  const count = Math.ceil(whole.length / bytes);
  const chunks = Array.from({ length: count }, (_, at) => whole.subarray(at * bytes, (at + 1) * bytes));
  const { result } = await readBody({ want: 'rpc' }, chunks);
  if (result.kind !== 'read' || result.rpc === undefined) throw new Error(JSON.stringify(result));
  return result.rpc.messages;
}

async function shown(args: string, bytes = 1_000_000) {
  const text = `{"jsonrpc":"2.0","id":1,"params":{"arguments":${args},"name":"t"},"method":"tools/call"}`;
  const [message] = await messagesOf(text, bytes);
  if (message === undefined) throw new Error('no message');
  const route = { kind: 'MCPRoute', namespace: 'd', name: 'm' };
  const asked = askOfTool({ site: site('a.example'), call: call(), route }, message).call;
  return { arguments: asked.arguments, argumentsDigest: asked.argumentsDigest, cut: asked.cut };
}

describe.each([1_000_000, 7, 1])('in chunks of %i bytes', (bytes) => {
  test.each([
    ['an object', '{ "to" : "a@b", "n": [1, true, null] }', '{"to":"a@b","n":[1,true,null]}'],
    ['numbers as written', '{"n":12345678901234567890,"f":1.0}', '{"n":12345678901234567890,"f":1.0}'],
    ['names in their order', '{"b":1,"7":2}', '{"b":1,"7":2}'],
    ['letters spelled out', '{"a":"\\u0072m\\/é"}', '{"a":"rm/é"}'],
    [
      'no keys',
      '{"to\\u006ben":{"a":["]"]},"x":{"apiKey":1},"secrets":[{}],"z":"token"}',
      '{"token":"[left out]","x":{"apiKey":"[left out]"},"secrets":"[left out]","z":"token"}',
    ],
    ['a text', '"{[\\"token\\": 1"', '"{[\\"token\\": 1"'],
    ['a number', '-1e5', '-1e5'],
    ['nothing', 'null', 'null'],
  ])('shows %s', async (_name, args, expected) => {
    expect(await shown(args, bytes)).toEqual({
      arguments: expected,
      argumentsDigest: digestOf(args),
      cut: undefined,
    });
  });
});

test('what is too long to be kept has the digest of what was written, and is told as cut', async () => {
  const args = `{"a":"${'x'.repeat(70_000)}"}`;
  expect(await shown(args, 999)).toEqual({
    arguments: undefined,
    argumentsDigest: digestOf(args),
    cut: true,
  });
});

test('a batch keeps no more than one message may', async () => {
  const one = JSON.stringify({
    ...{ jsonrpc: '2.0', id: 1, method: 'tools/call' },
    params: { name: 't', arguments: 'x'.repeat(40_000) },
  });
  const messages = await messagesOf(`[${one},${one}]`, 1_000);
  expect(messages.map(({ arguments: kept }) => typeof kept === 'object' && kept.text?.length)).toEqual([
    40_002,
    undefined,
  ]);
});

test('of another method nothing is kept', async () => {
  const text = '{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"p","arguments":{"a":1}}}';
  expect((await messagesOf(text, 10))[0]).not.toHaveProperty('arguments');
});
