/** What is bounded and shared by all agents has a share for each: one asks for thousands of names, another still has its few. */
import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { PolicyIndex, SitePlans } from '../../decision/index.ts';
import { PriceList } from '../../egress/price.ts';
import { LeafStore } from '../../egress/tls/leaf-store.ts';
import { Resolver } from '../../egress/upstream/resolver.ts';
import { createConfig, gatewayCa } from './gateway-config.ts';
import { issueTestLeaf } from './test-ca.ts';

const many = Array.from({ length: 5_000 }, (_, index) => `n${index}.example.com`);

test('S54: addresses that one agent asked for are still known after another asked for thousands', async () => {
  const asked: string[] = [];
  const resolver = new Resolver((name) => {
    asked.push(name);
    return Promise.resolve([{ address: '192.0.2.1', family: 4 }]);
  }, 'V4Only');
  await resolver.resolve('honest.example.com', 'honest');
  await Promise.all(many.map((name) => resolver.resolve(name, 'hostile')));
  asked.length = 0;
  await resolver.resolve('honest.example.com', 'honest');
  expect(asked).toEqual([]);
});

test('S54: a leaf of one agent stays when another makes thousands', () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const leaf = issueTestLeaf(gatewayCa, ['any.example.com'], { keyPair: pair });
  const store = new LeafStore(gatewayCa.certificatePem, () => leaf);
  const first = store.contextFor('honest.example.com', false, 'honest');
  for (const name of many.slice(0, 1_500)) store.contextFor(name, false, 'hostile');
  expect(store.contextFor('honest.example.com', false, 'honest')).toBe(first);
});

test('S54: the plan of one agent stays when another goes to thousands of places', () => {
  const plans = new SitePlans(new PolicyIndex(createConfig('192.0.2.1', 443)));
  const site = { hostname: undefined, ip: undefined, port: 443, tls: true };
  const honest = { ...site, agent: 'TaskAgent/default/honest', ip: '203.0.113.1' };
  const first = plans.at(honest);
  for (let index = 0; index < 5_000; index += 1) {
    plans.at({ ...site, agent: 'TaskAgent/default/hostile', ip: `203.0.113.9`, port: 1 + index });
  }
  expect(plans.at(honest)).toBe(first);
});

test('S54: a price found for one agent is not looked for again after another named thousands of models', () => {
  const prices = new PriceList();
  const facts = { model: 'gpt-4o', inputTokens: 1_000, outputTokens: 1 };
  const cost = prices.costOf('openai', facts, 'honest');
  for (const model of many.slice(0, 1_100)) prices.costOf('openai', { ...facts, model }, 'hostile');
  // Before it is asked for: that would find it again.
  expect(prices.knows('openai', 'gpt-4o')).toBe(true);
  expect(prices.costOf('openai', facts, 'honest')).toBe(cost);
});
