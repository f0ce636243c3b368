/** What one namespace's records can do to the view of the others. */
import { expect, test } from 'vitest';
import { keyOfStatus, statusBucket, ingressStatusSchema, type IngressStatus } from '../../contract/index.ts';
import { StatusView, type StatusEntry, type StatusSource } from '../../process/index.ts';

class Source implements StatusSource {
  readonly #listeners: Array<(entry: StatusEntry) => void> = [];

  watch(_prefix: string, onEntry: (entry: StatusEntry) => void): void {
    this.#listeners.push(onEntry);
  }

  say(word: IngressStatus): void {
    const entry = { key: keyOfStatus(word), value: JSON.stringify(word) };
    for (const listener of this.#listeners) listener(entry);
  }
}

let now = Date.parse('2026-11-27T00:00:00Z');

function open() {
  const source = new Source();
  const refused: string[] = [];
  const options = { now: () => now, onRefused: (key: string) => void refused.push(key) };
  return { source, refused, view: new StatusView(source, 'ingress', ingressStatusSchema, options) };
}

function speaker(namespace: string, pod: string, at = now): IngressStatus {
  const common = { version: 1, address: '127.0.0.1:1', configDigest: '', draining: false } as const;
  return { ...common, role: 'ingress', namespace, pod, at };
}

const count = 1_500;

test('S54: a namespace has its share of the view, and what it says beyond is refused and told', () => {
  const { source, refused, view } = open();
  for (let index = 0; index < count; index += 1) source.say(speaker('evil', `pod-${index}`));
  source.say(speaker('good', 'worker-1'));
  expect(view.live().filter(({ namespace }) => namespace === 'evil')).toHaveLength(1_000);
  expect(refused).toHaveLength(count - 1_000);
  expect(view.live().map(({ pod }) => pod)).toContain('worker-1');
});

test('S54: the dead make room', () => {
  const { source, view } = open();
  for (let index = 0; index < count; index += 1) source.say(speaker('shop', `pod-${index}`));
  now += statusBucket.deadAfterMs + 1;
  source.say(speaker('shop', 'fresh'));
  expect(view.live().map(({ pod }) => pod)).toEqual(['fresh']);
});

test('a record of the future is as old as its arrival', () => {
  const { source, view } = open();
  source.say(speaker('shop', 'early', now + 3_600_000));
  expect(view.live()).toHaveLength(1);
  now += statusBucket.deadAfterMs + 1;
  expect(view.live()).toEqual([]);
});

test.each([
  ['16 s behind', -16_000],
  ['an hour behind', -3_600_000],
  ['an hour ahead', 3_600_000],
])(
  'a process whose clock is %s is alive from its second word at the latest, and dead when it falls silent',
  (_name, skewMs) => {
    const { source, view } = open();
    source.say(speaker('shop', 'skewed', now + skewMs));
    now += statusBucket.heartbeatMs;
    source.say(speaker('shop', 'skewed', now + skewMs));
    expect(view.live()).toMatchObject([{ pod: 'skewed', at: now }]);
    now += statusBucket.deadAfterMs + 1;
    expect(view.live()).toEqual([]);
  },
);

test('a clock 16 s behind is alive from its first word', () => {
  const { source, view } = open();
  source.say(speaker('shop', 'slow', now - 16_000));
  expect(view.live()).toHaveLength(1);
});

test('who is dead stays dead, however often the bucket brings the last word', () => {
  const { source, view } = open();
  const last = speaker('shop', 'dead');
  for (let beat = 0; beat < 5; beat += 1) {
    source.say(last);
    now += statusBucket.ttlMs / 2;
  }
  expect(view.live()).toEqual([]);
});

test('10,000 that died long ago leave room for one that lives', () => {
  const { source, refused, view } = open();
  for (let index = 0; index < 10_000; index += 1)
    source.say(speaker('shop', `dead-${index}`, now - 3_600_000));
  source.say(speaker('shop', 'new'));
  expect(view.live().map(({ pod }) => pod)).toEqual(['new']);
  expect(refused).toEqual([]);
});

test('pods that come and go within seconds make room one by one', () => {
  const { source, view } = open();
  for (let index = 0; index < 3_000; index += 1) {
    now += 20;
    source.say(speaker('shop', `short-${index}`));
    if (index % 100 === 0) expect(view.live().at(-1)?.pod).toBe(`short-${index}`);
  }
  expect(view.live().at(-1)?.pod).toBe('short-2999');
});
