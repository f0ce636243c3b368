/** The key of a call: what an upstream echoes of it, where it is missing, when it is rotated, what records hold. */
import { expect, test } from 'vitest';
import { converse, until } from '../gateway-bed.ts';
import { createConfig, secret } from '../gateway-config.ts';
import { header, json, type SeenRequest } from '../http1-upstream.ts';
import { chat, whole, useConversation } from './conversation.ts';

const talk = useConversation();

const forms: ReadonlyArray<readonly [string, string]> = [
  ['raw', secret],
  ['with its scheme', `Bearer ${secret}`],
  ['Base64', Buffer.from(secret).toString('base64')],
  ['inside Basic', Buffer.from(`user:${secret}`).toString('base64')],
  ['URL-encoded', encodeURIComponent(`Bearer ${secret}`)],
];

test.each(forms)('S37: a key echoed %s in header and body never reaches the agent', async (_name, form) => {
  talk.answer = () => json(401, { error: `invalid key ${form}!` }, `X-Echo: ${form}\r\n`);
  const agent = await talk.bed.dial('api.openai.com');
  const got = await converse(agent, chat('gpt-4o'), whole);
  expect(got).not.toContain(form);
  expect(got).toMatch(/x-echo: .{0,9}\*{16,}/i);
  // Base64 keeps its last, half-filled character and padding.
  expect(got).toMatch(/invalid key .{0,9}\*{16,}[A-Za-z0-9]?=*!/);
});

test('S37, S41: a key split over chunks is scrubbed, and the chunks before it are not held back', async () => {
  talk.answer = (_request, socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n');
    const parts = [
      'data: one\n\n',
      `data: ${secret.slice(0, 7)}`,
      secret.slice(7, 12),
      `${secret.slice(12)} end\n\n`,
    ];
    const send = (index: number): void => {
      const part = parts[index];
      if (part === undefined) {
        socket.write('0\r\n\r\n');
        return;
      }
      socket.write(`${part.length.toString(16)}\r\n${part}\r\n`);
      setTimeout(() => send(index + 1), 15);
    };
    send(0);
    return undefined;
  };
  const agent = await talk.bed.dial('api.openai.com');
  const got = await converse(agent, chat('gpt-4o'), (text) => text.endsWith('0\r\n\r\n'));
  const body = got
    .slice(got.indexOf('\r\n\r\n') + 4)
    .replace(/(?:^|\r\n)[0-9a-f]+\r\n/g, '')
    .replace(/\r\n$/, '');
  expect(body).toContain(`data: ${'*'.repeat(secret.length)} end`);
  expect(got).not.toContain(secret);
});

test('S37: a compressed answer to a call with a credential is refused, and none was asked for', async () => {
  talk.answer = () => json(200, { ok: true }, 'Content-Encoding: gzip\r\n');
  const agent = await talk.bed.dial('api.openai.com');
  const got = await converse(agent, chat('gpt-4o', 'Accept-Encoding: gzip\r\n'), whole);
  expect(header(talk.seen[0] as SeenRequest, 'accept-encoding')).toBe('identity');
  expect(got).toMatch(/^HTTP\/1\.1 502/);
});

test("S40: a policy whose Secret is missing refuses the call in the caller's schema", async () => {
  talk.bed.configure((ip, port) => {
    const config = createConfig(ip, port);
    const [credential] = config.credentials;
    if (credential === undefined) throw new Error('no credential');
    return {
      ...config,
      credentials: [{ ...credential, inject: { type: 'Broken', reason: 'Secret openai-key not found' } }],
    };
  });
  const agent = await talk.bed.dial('api.openai.com');
  const got = await converse(agent, chat('gpt-4o'), whole);
  expect(got).toMatch(/^HTTP\/1\.1 502/);
  expect(got).toContain('Secret openai-key not found');
  expect(talk.seen).toHaveLength(0);
  expect(talk.bed.records[0]?.attributes['clrk.credential.error']).toContain('default/key');
});

/** A stream under way, of which the agent has read the first chunk; `more` is what the upstream sends next. */
async function startStream(): Promise<{
  readonly agent: Awaited<ReturnType<typeof talk.bed.dial>>;
  readonly closed: Promise<void>;
  readonly more: (text: string) => void;
}> {
  let more = (_text: string): void => undefined;
  talk.answer = (_request, socket) => {
    more = (text) => socket.write(`${text.length.toString(16)}\r\n${text}\r\n`);
    socket.write(
      'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
    );
    return undefined;
  };
  const agent = await talk.bed.dial('api.openai.com');
  await converse(agent, chat('gpt-4o'), (text) => text.includes('hello'));
  const closed = new Promise<void>((resolve) => agent.once('close', () => resolve()));
  return { agent, closed, more: (text) => more(text) };
}

test('S36: a policy that closes the destination ends a running stream', async () => {
  const { closed } = await startStream();
  talk.bed.configure((ip, port) =>
    createConfig(ip, port, { destinations: { defaultPolicy: 'deny-all', rules: [], platformCidrs: [] } }),
  );
  await closed;
  await until(() => talk.bed.records.length === 1, 'one record');
  expect(talk.bed.records[0]?.attributes['clrk.egress.deny_reason']).toBe('policy');
});

test('S36: a rotated key ends a stream that was authorized by the old one; an unrelated change does not', async () => {
  const { agent, closed, more } = await startStream();
  talk.bed.configure((ip, port) =>
    createConfig(ip, port, { capture: { maxBytes: 1, includeContentTypes: [] } }),
  );
  more('still here');
  expect(await converse(agent, '', (text) => text.includes('still here'))).toContain('still here');
  talk.bed.configure((ip, port) => createConfig(ip, port, { credentials: [] }));
  await closed;
});

test("S38: no record holds the key or the agent's own authorization", async () => {
  talk.answer = () => json(200, { echo: secret }, `Set-Cookie: session=abcdef\r\n`);
  const agent = await talk.bed.dial('api.openai.com');
  await converse(agent, chat('gpt-4o', 'Cookie: a=b\r\nX-Api-Key: mine\r\n'), whole);
  await until(() => talk.bed.records.length === 1, 'one record');
  const text = JSON.stringify(talk.bed.records);
  const bodies = (talk.bed.records[0]?.events ?? []).map((event) =>
    Buffer.from(String(event.attributes['clrk.body.b64'] ?? ''), 'base64').toString(),
  );
  for (const hidden of [secret, 'placeholder', 'session=abcdef', 'mine"']) {
    expect(text).not.toContain(hidden);
    expect(bodies.join()).not.toContain(hidden);
  }
  expect(header(talk.seen[0] as SeenRequest, 'x-api-key')).toBeUndefined();
});
