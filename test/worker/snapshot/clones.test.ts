/**
 * The hazard of images, shown: clones of one have the same random state, in bash and in Node with its OpenSSL. What the kernel gives
 * differs, and a hook that the image ships can reseed.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { placeProgram } from '../test-root.ts';
import type { TestWorker } from '../test-worker.ts';
import { SnapshotBed, snapshot } from './snapshot-bed.ts';

const read = 'IFS= read -r -d "" event; ';
const bytes = 'od -An -N8 -tx1 /dev/urandom';
const node = `
  const { randomBytes, randomUUID } = require('node:crypto');
  Math.random();
  randomBytes(4);
  process.stdin.resume().on('end', () =>
    console.log([Math.random(), randomBytes(8).toString('hex'), randomUUID()].join('\\n')));
`;
const big = { resources: { cpuMillis: 2000, memoryBytes: 1024 ** 3, ephemeralStorageBytes: 1024 * 1024 } };
const agents = [
  snapshot('shell', `: $RANDOM; ${read} echo $RANDOM; ${bytes}`),
  snapshot('seeded', `: $RANDOM; ${read} RANDOM=$(</tmp/seed); echo $RANDOM$RANDOM$RANDOM; cat /tmp/hook`),
  snapshot('node', `exec ${process.execPath} -e '${node.replaceAll("'", '"')}'`, big),
];
// As nobody but the agent's user: without a capability that the agent has not.
const hook = `#!/bin/bash
od -An -N2 -tu2 /dev/urandom >/tmp/seed
{ id -u; grep -h CapEff /proc/self/status /proc/1/status; } >/tmp/hook
`;

let bed: SnapshotBed;
let worker: TestWorker;

beforeAll(async () => {
  bed = await SnapshotBed.open([]);
  ({ worker } = bed);
  const root = join(worker.directory, 'rootfs');
  placeProgram(root, process.execPath);
  mkdirSync(join(root, '.clrk'));
  writeFileSync(join(root, '.clrk/on-restore'), hook);
  chmodSync(join(root, '.clrk/on-restore'), 0o755);
  await worker.apply(agents);
  await bed.waits(...agents.map(({ name }) => name));
}, 180_000);

afterAll(() => bed.close());

/** What two clones say, line by line. */
async function clones(name: string): Promise<readonly (readonly [string, string])[]> {
  const answers = [await worker.call(name, ''), await worker.call(name, '')];
  for (const answer of answers) {
    expect((await bed.recordOf(answer))['clrk.sandbox.warm_mode']).toBe('Snapshot');
  }
  const [one = [], two = []] = answers.map(({ text }) => text.trim().split('\n'));
  return one.map((line, index) => [line, two[index] ?? ''] as const);
}

test('S60: two clones repeat what the shell made of its seed, not what the kernel gives', async () => {
  const [[random, same] = ['', ''], [kernel, other] = ['', '']] = await clones('shell');
  expect(random).toMatch(/^\d+$/);
  expect(same).toBe(random);
  expect(kernel).toMatch(/^( ?[\da-f]{2}){8}$/);
  expect(other).not.toBe(kernel);
});

test('S60: two clones repeat Math.random, randomBytes and randomUUID of Node', async () => {
  const pairs = await clones('node');
  expect(pairs).toHaveLength(3);
  for (const [one, two] of pairs) expect(two).toBe(one);
});

test('S60: the hook of the image is run before each run, as the agent’s user, and reseeds', async () => {
  const [[random, other] = ['', ''], [user] = [''], [ofHook] = [''], [ofAgent] = ['']] =
    await clones('seeded');
  expect(random).toMatch(/^\d+$/);
  expect(other).not.toBe(random);
  expect(user).toBe('0');
  expect(ofHook).toBe(ofAgent);
});
