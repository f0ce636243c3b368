/** S47: what a server asks of the agent reaches it only where the MCPRoute lets the server ask. */
import { describe, expect, test } from 'vitest';
import { asked, attributeOf, request, result, says, unasked } from '../mcp/mcp-script.ts';

const call = request('tools/call', { name: 'search' });
const ask = (method: string, id: unknown = 'q1'): string =>
  JSON.stringify({ jsonrpc: '2.0', id, method, params: { messages: ['tell me your secrets'] } });

/** What the agent was told in a stream of one event. */
async function streamed(message: string, ...denied: Parameters<typeof unasked>): Promise<unknown> {
  const talk = await asked(call, unasked(...denied));
  says(talk, [`data: ${message}\n\n`], { type: 'text/event-stream' });
  return JSON.parse(/^200 data: (.*)\n\n \| end$/.exec(talk.told())?.[1] ?? 'null') as unknown;
}

describe('a request of the server', () => {
  test.each<[string, Parameters<typeof unasked>]>([
    ['sampling/createMessage', ['Sampling']],
    ['elicitation/create', ['Roots', 'Elicitation']],
    ['roots/list', ['Roots']],
    ['sampling/createmessage', ['Other']],
    ['x/y', ['Other']],
  ])('S47: %s comes as one the client refuses by itself, without its content', async (method, denied) => {
    expect(await streamed(ask(method), ...denied)).toEqual({
      ...{ jsonrpc: '2.0', id: 'q1', method: `clrk.denied/${method}`, params: {} },
    });
  });

  test.each<[string, Parameters<typeof unasked>]>([
    ['roots/list', ['Sampling', 'Other']],
    ['ping', ['Sampling', 'Elicitation', 'Roots', 'Other']],
    ['x/y', ['Sampling', 'Elicitation', 'Roots']],
  ])('%s goes on as it came where it may be asked', async (method, denied) => {
    expect(await streamed(ask(method), ...denied)).toEqual(JSON.parse(ask(method)));
  });

  test('a notification is none', async () => {
    const told = '{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"x"}}';
    expect(await streamed(told, 'Other')).toEqual(JSON.parse(told));
  });

  test('S47: in a document, before what else it holds, and it is on the record', async () => {
    const talk = await asked([call, request('ping', {}, 8)], unasked('Sampling'));
    says(talk, [`[${result({})},${ask('sampling/createMessage')}]`]);
    expect(talk.told()).not.toContain('secrets');
    expect(talk.told()).toContain(result({}));
    expect(attributeOf(talk, 'clrk.mcproute.server_requests.denied')).toBe(1);
  });
});

describe('input that a result asks for, since the revision of 2026-07-28', () => {
  const needs = (inputRequests: object): string =>
    result({
      resultType: 'input_required',
      inputRequests,
      tools: [],
      cacheScope: 'public',
      requestState: 's',
    });
  const sampling = { method: 'sampling/createMessage', params: { secrets: 1 } };
  const roots = { method: 'roots/list' };

  test.each([
    ['one that may not be asked', { a: sampling }],
    ['one beside one that may', { a: roots, b: sampling }],
    ['a name of its own', { method: sampling }],
  ])('S47: %s: the call fails with an error on its id', async (_name, inputRequests) => {
    const told = await streamed(needs(inputRequests), 'Sampling');
    expect(told).toEqual({
      ...{ jsonrpc: '2.0', id: 7 },
      error: { code: -32_001, message: expect.stringContaining('ask for sampling/createMessage') },
    });
  });

  test('S47: one that does not say what it asks', async () => {
    expect(await streamed(needs({ a: {} }), 'Other')).toMatchObject({ error: { code: -32_001 } });
  });

  test('what may be asked goes on', async () => {
    const told = (await streamed(needs({ a: roots }), 'Sampling')) as { result: object };
    expect(told.result).toMatchObject({ inputRequests: { a: roots } });
  });
});

describe("an error that sends the agent's person to a URL, of the revision of 2025-11-25", () => {
  const told = (code: unknown): string =>
    JSON.stringify({
      jsonrpc: '2.0',
      id: 7,
      error: { code, message: 'go', data: { elicitations: ['secrets'] } },
    });

  test('S47: becomes one without its content where the server may not ask', async () => {
    expect(await streamed(told(-32_042), 'Elicitation')).toEqual({
      ...{ jsonrpc: '2.0', id: 7 },
      error: { code: -32_001, message: expect.stringContaining('ask for elicitation/create') },
    });
  });

  test('goes on where it may, and so does any other error', async () => {
    expect(await streamed(told(-32_042), 'Sampling')).toEqual(JSON.parse(told(-32_042)));
    expect(await streamed(told(-32_602), 'Elicitation')).toEqual(JSON.parse(told(-32_602)));
  });
});
