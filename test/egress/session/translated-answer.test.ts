/** What never leaves a translated answer: a secret that translation put together, a wait without an end, a fault of a codec's. */
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import type { GatewayConfig } from '../../../contract/index.ts';
import type { AnswerHolder } from '../../../egress/session/remade-answer.ts';
import { TranslatedAnswer } from '../../../egress/session/translated-answer.ts';
import { noSecrets } from '../../../egress/scrub/index.ts';
import { chatCodecs, type CallTranslation } from '../../../egress/translation/index.ts';
import { converse, until } from '../gateway-bed.ts';
import { createConfig } from '../gateway-config.ts';
import { useConversation } from './conversation.ts';

const talk = useConversation();
const key = 'secret-of-other';

function toAnthropic(ip: string, port: number): GatewayConfig {
  const route = { namespace: 'default', name: 'llm' };
  const place = { name: 'other', host: 'files.example.com', port, weight: 1, schema: 'anthropic' };
  const backend = { ...place, modelRewrites: [], ensureStreamUsage: false };
  const matches = [{ provider: 'openai', models: [], endpoints: [] }];
  return createConfig(ip, port, {
    providerRoutes: [{ route, rules: [{ matches, filters: [], backends: [backend] }] }],
    credentials: [
      {
        policy: { namespace: 'default', name: 'key' },
        target: { kind: 'AIProviderRoute', ...route, sectionName: 'other' },
        inject: { type: 'Header', name: 'x-api-key', value: key },
      },
    ],
  });
}

function ask(path: string, body: unknown): string {
  const text = JSON.stringify(body);
  return `POST ${path} HTTP/1.1\r\nHost: api.openai.com\r\nContent-Type: application/json\r\nauthorization: Bearer own\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
}

const chunked = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const sse = (events: readonly unknown[]): string =>
  events.map((event) => chunked(`data: ${JSON.stringify(event)}\n\n`)).join('');
const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';
const ended = (text: string): boolean => text.endsWith('0\r\n\r\n');
const begin = [
  { type: 'message_start', message: { id: 'msg_1', model: 'claude', usage: { input_tokens: 4 } } },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
];
const input = { model: 'claude', stream: true, input: 'hi' };

test('S37: a secret that comes one character an event is not put together for the agent', async () => {
  talk.bed.configure(toAnthropic);
  const deltas = Array.from(key, (text) => ({
    ...{ type: 'content_block_delta', index: 0 },
    delta: { type: 'text_delta', text },
  }));
  const last = [
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 9 } },
    { type: 'message_stop' },
  ];
  talk.answer = () => `${head}${sse([...begin, ...deltas, ...last])}0\r\n\r\n`;
  const agent = await talk.bed.dial('api.openai.com');
  const got = await converse(agent, ask('/v1/responses', input), ended);
  expect(got).toContain('response.completed');
  expect(got).toContain(`"text":"${'*'.repeat(key.length)}"`);
  expect(got).not.toContain(key);
  await until(() => talk.bed.records.length === 1, 'one record');
  const bodies = (talk.bed.records[0]?.events ?? []).map(({ attributes }) =>
    Buffer.from(String(attributes['clrk.body.b64'] ?? ''), 'base64').toString(),
  );
  expect(JSON.stringify(talk.bed.records) + bodies.join()).not.toContain(key);
});

test('after what is no stream of its API the agent’s answer ends, and the upstream is left', async () => {
  talk.bed.configure(toAnthropic);
  let upstream: Socket | undefined;
  talk.answer = (_request, socket) => {
    upstream = socket;
    // It neither ends nor closes.
    socket.write(`${head}${sse(begin)}${chunked('data: {no JSON}\n\n')}`);
    return undefined;
  };
  const agent = await talk.bed.dial('api.openai.com');
  const got = await converse(agent, ask('/v1/responses', input), ended);
  expect(got).toContain('UPSTREAM_UNREADABLE');
  await until(() => upstream?.destroyed === true || upstream?.readableEnded === true, 'the upstream is left');
  await until(() => talk.bed.records.length === 1, 'one record');
  expect(talk.bed.records[0]?.attributes['error.type']).toBe('UPSTREAM_UNREADABLE');
});

const fault = (): never => {
  throw new RangeError('a defect');
};
const holder: AnswerHolder = {
  share: { take: () => true, give: () => undefined },
  agentId: 'a',
};

test.each([true, false])('a codec that throws fails its one answer (stream: %s)', (stream) => {
  const to = { ...chatCodecs.anthropic, readResponse: fault, createStreamReader: () => ({ read: fault }) };
  const call: CallTranslation = {
    ...{ from: chatCodecs.openai, to, framing: 'sse', upstreamFraming: 'sse', stream },
    upstreamMediaType: 'text/event-stream',
    context: { model: 'm', asksUsage: false, id: 'i', created: 1 },
  };
  const type = { name: 'content-type', raw: 'Content-Type', value: stream ? 'text/event-stream' : 'a/b' };
  const answer = new TranslatedAnswer(call, { status: 200, fields: [type], secrets: noSecrets }, holder);
  expect(answer.push(Buffer.from(stream ? 'data: {}\n\n' : '{}'))).toHaveLength(0);
  expect(answer.end()).toMatchObject({ kind: 'failed', failure: { code: 'UPSTREAM_UNREADABLE' } });
});
