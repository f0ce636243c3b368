/**
 * Many invocations: 200 in a row and 20 at once. None is lost, none doubled, each has one terminal record, and the
 * worker keeps nothing of any of them.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { shellAgent } from './agents.ts';
import { DevPlatform, type Answer } from './dev-platform.ts';
import { cgroups, namespaces, remainsOf } from './leftovers.ts';

let platform: DevPlatform;

beforeAll(async () => {
  platform = await DevPlatform.open();
  await platform.agents(shellAgent('echo', 'cat'));
}, 300_000);

afterAll(() => platform[Symbol.asyncDispose]());

const list = (path: string): string[] => (existsSync(path) ? readdirSync(path) : []);

/** Everything that a sandbox needs and that must go with it. Slots (namespaces) are kept for the next ones. */
function traces(): string[] {
  const pods = list(platform.home.pods).map((pod) => join(platform.home.pods, pod, 'v/run'));
  return [
    ...remainsOf(platform.home.root).filter((line) => !line.startsWith('process') || line.includes('runsc')),
    ...pods.flatMap((run) => ['bundles', 'runsc'].flatMap((name) => list(join(run, name)))),
    ...cgroups(),
  ].map((line) => line.replace(/^process \d+ /, 'process '));
}

const slots = (): number => namespaces().length;

async function call(): Promise<Answer & { readonly sent: string }> {
  const sent = randomUUID();
  return {
    ...(await platform.call('echo', { body: sent, headers: { 'content-type': 'text/plain' } })),
    sent,
  };
}

/** Each was answered with its own words, and has exactly one record, that of its own success. */
async function expectAllRecorded(answers: readonly (Answer & { readonly sent: string })[]): Promise<void> {
  expect(answers.filter(({ status, text, sent }) => status !== 200 || !text.includes(sent))).toEqual([]);
  expect(new Set(answers.map(({ id }) => id)).size).toBe(answers.length);
  const last = answers.at(-1)?.id ?? '';
  await platform.invocation('echo', last);
  await vi.waitFor(
    async () => {
      const records = await platform.invocations('echo');
      const own = records.filter(({ metadata }) => answers.some(({ id }) => id === metadata.name));
      expect(own.map(({ status }) => status.phase)).toEqual(answers.map(() => 'Succeeded'));
    },
    { timeout: 30_000, interval: 500 },
  );
}

async function expectNothingKept(before: readonly string[]): Promise<void> {
  // Deleting a sandbox goes on after the answer.
  await vi.waitFor(() => expect(traces()).toEqual(before), { timeout: 30_000, interval: 200 });
}

test('200 in a row', async () => {
  await call();
  await vi.waitFor(() => expect(traces().filter((line) => line.includes('runsc'))).toEqual([]), 20_000);
  const before = traces();
  const answers = [];
  for (let count = 0; count < 200; count += 1) answers.push(await call());
  await expectAllRecorded(answers);
  await expectNothingKept(before);
}, 240_000);

test('20 at once', async () => {
  const before = traces();
  const answers = await Promise.all(Array.from({ length: 20 }, call));
  await expectAllRecorded(answers);
  await expectNothingKept(before);
  // A burst makes slots of its own; no more of them stay than there were invocations.
  expect(slots()).toBeLessThanOrEqual(20 + 8 + 1);
  const events = await platform.terminalEvents('echo');
  expect([...events.values()].filter((count) => count !== 1)).toEqual([]);
}, 120_000);
