/** Whose schema a path speaks: a host that runs the model its path names is not talked into another one. */
import { expect, test } from 'vitest';
import { codecFor, codecOf, type Facts } from '../../../egress/providers/index.ts';

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
  expect(codecFor(provider, path)).toBe(codecOf(provider));
});

test.each([
  ['google', '/v1beta/openai/embeddings'],
  ['anthropic', '/v1/chat/completions'],
  ['bedrock', '/openai/v1/chat/completions'],
  ['custom', '/v1/messages'],
  ['azure-openai', '/anthropic/v1/messages'],
])('%s at %s: the model is what the body says, the price and name are the host’s', (provider, path) => {
  const codec = codecFor(provider, path);
  expect(codec).not.toBe(codecOf(provider));
  expect([codec?.provider, codec?.priceId]).toEqual([provider, codecOf(provider)?.priceId]);
  const facts: Facts = { ...codec?.factsOfPath(path) };
  codec?.readRequest({ model: 'm' }, facts);
  expect(facts.model).toBe('m');
});

test('long paths cost no more than one pass', () => {
  const cpu = process.cpuUsage();
  const path = `${'/chat/completions'.repeat(100_000)}x`;
  for (let count = 0; count < 10; count += 1) codecFor('google', path);
  expect(process.cpuUsage(cpu).user).toBeLessThan(5_000_000);
});
