/** What coding agents ask of the stand-in beyond the vendors' SDKs. */
import { request } from 'node:https';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startProvider, type RunningProvider } from '../../../examples/provider/index.ts';

let provider: RunningProvider;
const key = 'sk-real-0123456789';
beforeAll(async () => {
  provider = await startProvider({ host: '127.0.0.1', port: 0, keys: { openai: key, anthropic: key } });
});
afterAll(() => provider.close());

interface Sent {
  readonly host: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
}

function send({ host, path, headers = {}, body }: Sent): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        ...{
          host: '127.0.0.1',
          port: provider.port,
          servername: host,
          ca: provider.caPem,
          agent: false,
          path,
        },
        method: body === undefined ? 'GET' : 'POST',
        headers: { host, authorization: `Bearer ${key}`, 'x-api-key': key, ...headers },
      },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

test('system messages among the others, where the beta is named', async () => {
  const messages = [
    { role: 'user', content: 'describe' },
    { role: 'system', content: 'Be brief.' },
  ];
  const asked = {
    ...{ host: 'api.anthropic.com', path: '/v1/messages' },
    body: { model: 'claude-opus-5-5', max_tokens: 999, system: 'Be kind.', messages },
  };
  const version = { 'anthropic-version': '2023-06-01' };
  expect((await send({ ...asked, headers: version })).status).toBe(400);
  const beta = { 'anthropic-beta': 'x,mid-conversation-system-clear-at-2026-08-21' };
  const { status, text } = await send({ ...asked, headers: { ...version, ...beta } });
  expect(status).toBe(200);
  expect(text).toContain('Be brief.');
});

test('a try that says which it is is the same request', async () => {
  const asked = (turn: string): Sent => ({
    ...{ host: 'api.openai.com', path: '/v1/responses' },
    body: { model: 'gpt-5.5', input: 'fail 429 once', client_metadata: { turn } },
  });
  expect((await send(asked('1'))).status).toBe(429);
  expect((await send(asked('2'))).status).toBe(200);
});
