/** Images that must not be used, and agents that no image is made of: their calls are answered all the same, cold. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectNoLeftovers } from '../expectation.ts';
import { waitFor, type TestWorker } from '../test-worker.ts';
import { SnapshotBed, snapshot } from './snapshot-bed.ts';

const waits = snapshot('waits', 'IFS= read -r -d "" event; echo done');

let bed: SnapshotBed;
let worker: TestWorker;

beforeAll(async () => {
  bed = await SnapshotBed.open([]);
  ({ worker } = bed);
}, 60_000);

afterAll(() => bed.close([/^ClrkError: /]));

const imageFile = (name: string): string => join(bed.directory, bed.images()[0] ?? '', name);

async function expectCold(name: string): Promise<void> {
  const answer = await worker.call(name, '');
  expect({ status: answer.status, text: answer.text }).toEqual({ status: 200, text: 'done\n' });
  expect((await bed.recordOf(answer))['clrk.sandbox.warm_mode']).not.toBe('Snapshot');
}

test.each<[string, () => void]>([
  ['cut short', () => truncateSync(imageFile('pages.img'), 4096)],
  ['longer', () => appendFileSync(imageFile('checkpoint.img'), 'x')],
])(
  'S60: an image that was %s after it was tried out is not restored, counted, and made anew',
  async (_how, change) => {
    await worker.apply([waits]);
    await bed.waits('waits');
    const [image] = bed.images();
    change();
    bed.fallbacks.splice(0);
    await expectCold('waits');
    expect(bed.fallbacks).toEqual(['ImageChanged']);
    await bed.waits('waits');
    expect(bed.images()).not.toContain(image);
    await worker.apply([]);
  },
  60_000,
);

test.each([
  ['leaver', 'echo done; exit 0', 'WritesEarly'],
  ['ender', 'exit 0', 'ExitsEarly'],
])('of an agent that does not wait there is no image: %s', async (name, script, trouble) => {
  await worker.apply([snapshot(name, script)]);
  await bed.trouble(name, trouble);
  expect(bed.images()).toEqual([]);
});

test('S45: of an agent whose env holds a credential there is no image', async () => {
  const holder = { ...waits, name: 'holder', standby: { mode: 'Snapshot', holdsSecret: true } } as const;
  const revisions = holder.revisions.map((each) => ({ ...each, name: 'holder-00001' }));
  await worker.apply([{ ...holder, revisions, servingRevision: 'holder-00001' }]);
  await bed.trouble('holder', 'SecretInEnvironment');
  await expectCold('holder');
  expect(bed.images()).toEqual([]);
});

test('S60: on a disk that has no room there is no image, and nothing of one stays', async () => {
  await worker.apply([]);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'clrk-test', bed.directory]);
  try {
    await worker.apply([waits]);
    await bed.trouble('waits', 'SnapshotTooLarge');
    await expectCold('waits');
    expect(readdirSync(bed.directory)).toEqual([]);
    await worker.apply([]);
  } finally {
    execFileSync('umount', [bed.directory]);
  }
});

test('one that never waits does not keep the worker from closing', async () => {
  const busy = await SnapshotBed.open([snapshot('busy', 'echo up >&2; while :; do :; done')]);
  await waitFor(() => busy.logged('up').length === 1, 60_000);
  await busy.close();
}, 50_000);

test('a hook that fails leaves the run cold: there is no image with it', async () => {
  const hooks = join(worker.directory, 'rootfs/.clrk');
  mkdirSync(hooks);
  writeFileSync(join(hooks, 'on-restore'), '#!/bin/sh\nexit 1\n');
  chmodSync(join(hooks, 'on-restore'), 0o755);
  await worker.apply([waits]);
  await bed.trouble('waits', 'SnapshotFailed');
  expect(bed.images()).toEqual([]);
  await expectCold('waits');
  await worker.apply([]);
  await worker.worker.settled();
  expectNoLeftovers(worker);
});
