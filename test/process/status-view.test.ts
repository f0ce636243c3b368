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
