/** Requests that are made to cost: very many turns, parts, objects. Each costs its length and no more, or is refused. */
import { describe, expect, test } from 'vitest';
import { translatedPaths } from '../../../decision/index.ts';
import { joinNeighbours } from '../../../egress/translation/conversation.ts';
import type { Message, Part } from '../../../egress/translation/form.ts';
import { PartWriter } from '../../../egress/translation/google/part-writer.ts';
import { chatCodecs, translateRequest } from '../../../egress/translation/index.ts';
import { objectsOf } from '../../../egress/translation/members.ts';
import { Notes } from '../../../egress/translation/notes.ts';
import { writeConversation } from '../../../egress/translation/anthropic/message-writer.ts';

type Api = keyof typeof chatCodecs;

const many = 200_000;
const text = { kind: 'text', text: 'a' } as const;
const context = { schema: undefined, outputBound: undefined };
const how = { base: '', model: 'm', outputCap: undefined, id: 'made-up', created: 1, context };

const translated = (from: Api, to: Api, body: object, path = '', model = 'm') =>
  translateRequest(
    { path, query: '', body: body as { [name: string]: unknown } },
    { ...how, model, from: chatCodecs[from], to: chatCodecs[to] },
  );

/** How many items are walked over, in whichever list: no clock, so that a busy machine changes nothing. */
function stepsOf(run: () => void): number {
  const own = Object.getOwnPropertyDescriptor(Array.prototype, Symbol.iterator) ?? {};
  let steps = 0;
  function* walk(this: readonly unknown[]): Generator {
    for (let at = 0; at < this.length; at += 1) {
      steps += 1;
      yield this[at];
    }
  }
  Object.defineProperty(Array.prototype, Symbol.iterator, { ...own, value: walk });
  try {
    run();
  } finally {
    Object.defineProperty(Array.prototype, Symbol.iterator, own);
  }
  return steps;
}

test('ten times the turns of one role are ten times the work for Anthropic’s writer, not a hundred times', () => {
  const turns = (length: number): Message[] =>
    Array.from({ length }, () => ({ role: 'user', parts: [text] }));
  const [few, more] = [turns(200), turns(2_000)];
  const work = (messages: readonly Message[]): number =>
    stepsOf(() => void writeConversation(messages, new Notes()));
  expect(work(more)).toBeGreaterThan(1_000);
  expect(work(more)).toBeLessThan(20 * work(few));
});

test('of many calls in one message the first is looked for once', () => {
  let looks = 0;
  const message = (length: number): Message => ({
    role: 'assistant',
    parts: Array.from({ length }, (_, at): Part => {
      const call = { id: `c${at}`, name: 'look', arguments: '{}', signature: undefined };
      const kind = at < length / 2 ? ('text' as const) : ('tool-call' as const);
      return Object.defineProperty({ ...call, text: 'a' }, 'kind', {
        get: () => {
          looks += 1;
          return kind;
        },
      }) as unknown as Part;
    }),
  });
  const looksAt = (length: number): number => {
    looks = 0;
    const messages = [message(length)];
    new PartWriter(messages, 'gemini-3', new Notes()).writeAll(messages);
    return looks;
  };
  expect(looksAt(4_000)).toBeLessThan(20 * looksAt(400));
});

test('neighbours with very many parts are one turn', () => {
  const parts = Array.from({ length: many }, () => text);
  const turns: Message[] = [
    { role: 'user', parts: [text] },
    { role: 'user', parts },
  ];
  expect(joinNeighbours(turns).map((turn) => turn.parts.length)).toEqual([many + 1]);
});

describe('what the system says, in very many parts between turns, is read', () => {
  const texts = (key: string) => Array.from({ length: many }, () => ({ [key]: 'a', ...typeOf(key) }));
  const typeOf = (key: string) => (key === 'text' ? { type: 'text' } : {});
  const plain = Array.from({ length: many }, () => ({ text: 'a' }));

  test.each<[Api, string, object[]]>([
    ['openai', '/v1/chat/completions', texts('text')],
    ['anthropic', '/v1/messages', texts('text')],
    ['bedrock-converse', '/model/m/converse', plain],
  ])('%s', (api, path, content) => {
    const one = api === 'bedrock-converse' ? [{ text: 'hi' }] : 'hi';
    const messages = [
      { role: 'user', content: one },
      { role: 'system', content },
    ];
    const read = chatCodecs[api].readRequest({ path, query: '', body: { model: 'm', messages } });
    expect(read.kind === 'done' && read.value.system.length).toBe(many);
  });
});

test('what waits in very many pieces for the block before it is written to the last', () => {
  const pieces = 50_000;
  const writer = chatCodecs.anthropic.createStreamWriter({
    ...{ model: 'm', asksUsage: true, id: 'made-up', created: 1 },
  });
  writer.write({ kind: 'start', id: 'x', model: 'm' });
  for (const index of [0, 1]) writer.write({ kind: 'part', index, part: { kind: 'text' } });
  for (let at = 0; at < pieces; at += 1) writer.write({ kind: 'delta', index: 1, text: 'a' });
  const events = writer.write({ kind: 'part-end', index: 0 });
  expect(events.filter(({ name }) => name === 'content_block_delta')).toHaveLength(pieces);
});

test('once something is in the way, no more of a list is looked at', () => {
  const notes = new Notes();
  expect(objectsOf([{}, 1, {}, {}], 'messages', notes)).toHaveLength(1);
  expect(objectsOf([{}, {}], 'tools', notes)).toHaveLength(0);
});

test('arguments of calls count by what they hold, though they are strings', () => {
  const call = (length: number) => ({
    ...{ id: 'c', type: 'function' },
    function: { name: 'look', arguments: `{"a":[${'{},'.repeat(length)}{}]}` },
  });
  const body = (length: number) => ({
    model: 'm',
    messages: [
      { role: 'user', content: 'hi' },
      { role: 'assistant', tool_calls: [call(length), call(length)] },
    ],
  });
  expect(translated('openai', 'anthropic', body(10)).kind).toBe('translated');
  expect(translated('openai', 'anthropic', body(20_000))).toMatchObject({
    kind: 'blocked',
    why: expect.stringContaining('is too large to be translated') as unknown,
  });
});

describe('whatever throws refuses the call', () => {
  const body = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };

  test('half a surrogate where the path names the model', () => {
    expect(translatedPaths({ from: 'openai', to: 'google', base: '' }, '\ud800')[0]).toContain(
      '/v1beta/models/',
    );
    expect(translated('openai', 'google', body, '', '\ud800')).toEqual({
      ...{ kind: 'blocked', what: 'its body', why: 'cannot be read' },
    });
  });

  test('a body that cannot be read', () => {
    const broken = Object.defineProperty({ ...body }, 'messages', {
      get: () => {
        throw new RangeError('too deep');
      },
    });
    expect(translated('openai', 'anthropic', broken)).toMatchObject({ kind: 'blocked' });
  });
});
