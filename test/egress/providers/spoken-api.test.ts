/** Whose schema a call speaks: a host that runs the model its path names is not talked into another one. */
import { expect, test } from 'vitest';
import { operationTable } from '../../../decision/index.ts';
import { codecFor, codecOf } from '../../../egress/providers/index.ts';

const at = (provider: string, path: string) =>
  codecFor(provider, operationTable(provider)('POST', path)?.shape);

test.each([
  ['google', '/v1beta/models/gemini-pro:generateContent'],
  ['bedrock', '/model/anthropic.claude-3/invoke'],
  ['azure-openai', '/openai/deployments/gpt-4o/chat/completions'],
  ['azure-openai', '/openai/responses'],
  ['openai', '/v1/chat/completions'],
  ['openai', '/v1/models/completions'],
  ['google', '/v1beta/models/completions'],
  ['anthropic', '/v1/messages'],
  ['anthropic', '/v1/messages/batches'],
  ['custom', '/anything'],
])('%s reads %s itself', (provider, path) => {
  expect(at(provider, path)).toBe(codecOf(provider));
});

test.each([
  ['google', '/v1beta/openai/embeddings'],
  ['anthropic', '/v1/chat/completions'],
  ['bedrock', '/openai/v1/chat/completions'],
  ['custom', '/v1/messages'],
  ['azure-openai', '/anthropic/v1/messages'],
])('%s at %s: the price and name are the host’s, the bodies another’s', (provider, path) => {
  const codec = at(provider, path);
  expect(codec).not.toBe(codecOf(provider));
  expect([codec?.provider, codec?.priceId]).toEqual([provider, codecOf(provider)?.priceId]);
});
