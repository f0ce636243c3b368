/** A gateway between an agent and one HTTP/1.1 upstream, fresh for each test: what the tests of exchanges talk to. */
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { openGatewayBed, type GatewayBed } from '../gateway-bed.ts';
import { createConfig } from '../gateway-config.ts';
import { json, serveHttp1, type SeenRequest } from '../http1-upstream.ts';

export interface Conversation {
  bed: GatewayBed;
  /** What reached the upstream. */
  readonly seen: SeenRequest[];
  /** What the upstream answers; as new for each test. */
  answer: Parameters<typeof serveHttp1>[1];
}

const usual: Conversation['answer'] = () => json(200, { ok: true });

/** Registers the hooks of a test file. */
export function useConversation(): Conversation {
  const talk: Conversation = { bed: undefined as unknown as GatewayBed, seen: [], answer: usual };
  beforeAll(async () => {
    const serve = serveHttp1(talk.seen, (request, socket) => talk.answer(request, socket));
    talk.bed = await openGatewayBed({ serve });
  });
  afterAll(() => talk.bed.close());
  beforeEach(() => {
    talk.seen.length = 0;
    talk.bed.records.length = 0;
    talk.answer = usual;
    talk.bed.configure((ip, port) => createConfig(ip, port));
  });
  return talk;
}

export function chat(model: string, extra = ''): string {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'hello' }] });
  return `POST /v1/chat/completions HTTP/1.1\r\nHost: api.openai.com\r\nAuthorization: Bearer placeholder\r\nContent-Type: application/json\r\n${extra}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** A whole answer with a JSON object. */
export const whole = (text: string): boolean => /\r\n\r\n.*\}$/s.test(text);
