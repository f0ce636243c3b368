/** Names to addresses: shared answers, and what one agent's silent names cost the others. */
import type { LookupAddress } from 'node:dns';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { orderAnswers, Resolver } from '../../../egress/upstream/resolver.ts';

const address: LookupAddress = { address: '203.0.113.7', family: 4 };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Names below `hole.example` are answered by nobody: the look-up fails after ten seconds. */
function lookups() {
  const asked: string[] = [];
  const lookup = async (hostname: string): Promise<readonly LookupAddress[]> => {
    asked.push(hostname);
    if (!hostname.endsWith('hole.example')) return [address];
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    throw new Error('no answer');
  };
  return { asked, lookup };
}

test('names are asked for once by all who want them, and failures are not kept', async () => {
  const { asked, lookup } = lookups();
  const resolver = new Resolver(lookup, 'Auto');
  const both = Promise.all([resolver.resolve('a.example', 'one'), resolver.resolve('a.example', 'two')]);
  await vi.advanceTimersByTimeAsync(10);
  expect(await both).toEqual([[address.address], [address.address]]);
  expect(asked).toEqual(['a.example']);
});

test('S54: an agent has its share of look-ups under way, whatever it asks for', async () => {
  const { asked, lookup } = lookups();
  const resolver = new Resolver(lookup, 'Auto');
  const failed = Array.from({ length: 20 }, (_, index) =>
    resolver.resolve(`${index}.hole.example`, 'hostile').catch((error: Error) => error),
  );
  await vi.advanceTimersByTimeAsync(0);
  expect(asked).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(5_000);
  // Who waited too long is told, and never asks.
  expect(await Promise.all(failed)).toHaveLength(20);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(asked).toHaveLength(2);
});

test('S54: a name that waits in the queue of one agent is looked up at once for another', async () => {
  const resolver = new Resolver(lookups().lookup, 'Auto');
  for (const name of ['a.hole.example', 'b.hole.example', 'api.example']) {
    resolver.resolve(name, 'hostile').catch(() => undefined);
  }
  expect(await resolver.resolve('api.example', 'honest')).toEqual([address.address]);
  await vi.advanceTimersByTimeAsync(5_000);
});

test('a look-up that never ends ends for who waits', async () => {
  const resolver = new Resolver(() => new Promise(() => undefined), 'Auto');
  const first = resolver.resolve('a.example', 'one').catch((error: NodeJS.ErrnoException) => error.code);
  const second = resolver.resolve('a.example', 'two').catch((error: NodeJS.ErrnoException) => error.code);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(await Promise.all([first, second])).toEqual(['ETIMEOUT', 'ETIMEOUT']);
});

const [v4, v6] = ['203.0.113.7', '2001:db8::7'];
const both: LookupAddress[] = [
  { address: v6, family: 6 },
  { address: v4, family: 4 },
];

test.each<[Parameters<typeof orderAnswers>[0], string[], string[], string[]]>([
  // Where both are told, IPv4 alone, IPv6 alone.
  ['V4Preferred', [v4], [v4], [v6]],
  ['V4Only', [v4], [v4], []],
  ['V6Only', [v6], [], [v6]],
  ['Auto', [v6, v4], [v4], [v6]],
  ['All', [v6, v4], [v4], [v6]],
])('lookupFamily %s', (family, ofBoth, ofV4, ofV6) => {
  const only = (wanted: number) => both.filter((each) => each.family === wanted);
  expect(orderAnswers(family, both)).toEqual(ofBoth);
  expect(orderAnswers(family, only(4))).toEqual(ofV4);
  expect(orderAnswers(family, only(6))).toEqual(ofV6);
});

test('lookupFamily V6Only: a name that has an IPv4 address alone cannot be resolved', async () => {
  const asked: number[] = [];
  const lookup = async (_name: string, family: number): Promise<readonly LookupAddress[]> => {
    asked.push(family);
    return both.filter((each) => each.family === 4);
  };
  const found = await new Resolver(lookup, 'V6Only').resolve('a.example', 'one').catch(() => []);
  expect(found).toEqual([]);
});
