/**
 * Programs of others, unmodified and without a setting of their own, reach the provider through the TLS-terminating
 * gateway: Python's urllib, Node's fetch, curl, the `openai` SDK. The provider sees the real key, they a placeholder.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningProvider } from '../../examples/provider/index.ts';
import { images, taskAgent } from './agents.ts';
import { DevPlatform } from './dev-platform.ts';

let platform: DevPlatform;
let provider: RunningProvider;

const models = ['https://api.openai.com/v1/models', '--header', 'Authorization: Bearer placeholder'];
const agents = {
  python: { image: images.python, args: ['/app/ask.py'] },
  fetch: { image: images.node, args: ['/app/ask.mjs'] },
  curl: { image: images.shell, args: ['--silent', '--show-error', '--fail', ...models] },
  sdk: { image: images.hello },
} as const;

beforeAll(async () => {
  platform = await DevPlatform.open();
  provider = await platform.provider();
  await platform.agents(
    ...Object.entries(agents).map(([name, { image, ...more }]) =>
      taskAgent(name, { image, ...('args' in more ? { args: [...more.args] } : {}) }),
    ),
  );
}, 300_000);

afterAll(async () => {
  await provider.close();
  await platform[Symbol.asyncDispose]();
});

test.each([
  ['python', 'gpt-4o-mini'],
  ['fetch', '200 '],
  ['curl', 'gpt-4o-mini'],
  ['sdk', 'Hello from the stand-in. You said: "Who are you?"'],
])('%s', async (name, expected) => {
  const before = provider.received().length;
  const answer = await platform.call(name, {
    body: 'Who are you?',
    headers: { 'content-type': 'text/plain' },
  });
  expect(answer.text).toContain(expected);
  expect(answer.status).toBe(200);
  const seen = provider.received().slice(before);
  expect(seen.map(({ key, status }) => ({ key, status }))).toEqual([
    { key: await platform.providerKey(), status: 200 },
  ]);
  expect(JSON.stringify(seen)).not.toContain('placeholder');
});
