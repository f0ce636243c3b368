/** State on a real kernel: loop devices, ext4. The agents are processes of this test. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { missingMs, StateVolumes } from '../../../worker/sandbox/state-volumes.ts';

const mebibyte = 1024 * 1024;
const owner = { uid: 1000, gid: 1000 };
let directory: string;
let now = 0;
const errors: unknown[] = [];
let volumes: StateVolumes;

const open = () =>
  new StateVolumes({
    directory: join(directory, 'state'),
    mountDirectory: join(directory, 'mounts'),
    now: () => now,
    onError: (error) => void errors.push(error),
  });

const agent = (name: string, uid: string, sizeLimitBytes = mebibyte) => ({
  namespace: 'team',
  name,
  uid,
  state: { mountPath: '/state', sizeLimitBytes },
});

async function pathOf(volumesNow: StateVolumes, which: ReturnType<typeof agent>): Promise<string> {
  const path = await volumesNow.open(which, owner);
  if (path === undefined) throw new Error('no state');
  return path;
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'clrk-state-'));
  volumes = open();
});

afterEach(async () => {
  await volumes.close();
  expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(directory);
  rmSync(directory, { recursive: true, force: true });
  expect(errors.splice(0)).toEqual([]);
});

/** Writes until it is refused; bytes written. */
function fill(file: string): number {
  const chunk = Buffer.alloc(64 * 1024);
  const code = (() => {
    try {
      for (;;) writeFileSync(file, chunk, { flag: 'a' });
    } catch (error) {
      return (error as NodeJS.ErrnoException).code;
    }
  })();
  expect(code).toBe('ENOSPC');
  return statSync(file).size;
}

test.each([1, 10, 100])(
  'S54: %i MiB of state hold that much while it is written, and no more',
  async (size) => {
    const path = await pathOf(volumes, agent('a', 'u1', size * mebibyte));
    const bytes = fill(join(path, 'big'));
    expect(bytes).toBeGreaterThan(size * mebibyte * 0.9);
    expect(bytes).toBeLessThan(size * mebibyte * 1.15);
    const honest = await pathOf(volumes, agent('b', 'u2'));
    writeFileSync(join(honest, 'x'), 'fine');
  },
);

test('S54: directories and empty files are bounded as bytes are', async () => {
  const path = await pathOf(volumes, agent('a', 'u1'));
  let made = 0;
  expect(() => {
    for (; made < 100_000; made += 1) {
      if (made % 2 === 0) mkdirSync(join(path, `d${made}`));
      else writeFileSync(join(path, `f${made}`), '');
    }
  }).toThrow(/ENOSPC/);
  expect(made).toBeLessThan(2000);
  expect(made).toBeGreaterThan(100);
});

test('is the agent’s owner’s, empty at first, and mounted so that setuid bits and devices mean nothing', async () => {
  const path = await pathOf(volumes, agent('a', 'u1'));
  expect(readdirSync(path)).toEqual([]);
  expect(statSync(path)).toMatchObject({ uid: 1000, gid: 1000 });
  const mount =
    readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .find((line) => line.includes(path)) ?? '';
  expect(mount).toMatch(/nosuid,nodev/);
});

test('directories that come and go do not fail an opening', async () => {
  const path = await pathOf(volumes, agent('a', 'u1', 4 * mebibyte));
  const script =
    'end=$(($(date +%s)+2)); while [ $(date +%s) -lt $end ]; do mkdir -p w/a/b w/c; rm -rf w; done';
  const churn = execFileSync.bind(null, 'sh', ['-c', script], { cwd: path });
  const opened = Promise.all(
    Array.from({ length: 40 }, () => pathOf(volumes, agent('a', 'u1', 4 * mebibyte))),
  );
  churn();
  expect(new Set(await opened)).toEqual(new Set([path]));
});

test('outlives the worker, and follows its limit both ways when nobody has it', async () => {
  writeFileSync(join(await pathOf(volumes, agent('a', 'u1')), 'kept'), 'x');
  await volumes.close();
  volumes = open();
  const larger = await pathOf(volumes, agent('a', 'u1', 8 * mebibyte));
  expect(readFileSync(join(larger, 'kept'), 'utf8')).toBe('x');
  const big = fill(join(larger, 'big'));
  expect(big).toBeGreaterThan(7 * mebibyte);
  rmSync(join(larger, 'big'));
  const smaller = await pathOf(volumes, agent('a', 'u1', 2 * mebibyte));
  expect(readFileSync(join(smaller, 'kept'), 'utf8')).toBe('x');
  expect(fill(join(smaller, 'big'))).toBeLessThan(3 * mebibyte);
  // It does not fit: it stays as it is, and that is said.
  expect(readFileSync(join(await pathOf(volumes, agent('a', 'u1', mebibyte / 2)), 'kept'), 'utf8')).toBe('x');
  expect(errors.splice(0)).toHaveLength(1);
});

test('a namesake sees nothing of it, and takes it away; a missing agent keeps it for a while', async () => {
  const first = agent('a', 'u1');
  writeFileSync(join(await pathOf(volumes, first), 'secret'), 'of u1');
  await volumes.retain([]);
  now += missingMs - 1;
  await volumes.retain([]);
  expect(readdirSync(await pathOf(volumes, first))).toEqual(['secret']);
  await volumes.retain([first]);
  const second = agent('a', 'u2');
  expect(readdirSync(await pathOf(volumes, second))).toEqual([]);
  await volumes.retain([second]);
  expect(readdirSync(await pathOf(volumes, first))).toEqual([]);
  await volumes.retain([]);
  now += missingMs;
  await volumes.retain([]);
  expect(existsSync(join(directory, 'state/team'))).toBe(false);
});

test('names of agents are one path segment each', async () => {
  const path = await pathOf(volumes, { ...agent('../../x', '../../../etc/u'), namespace: '..' });
  expect(path.startsWith(`${directory}/mounts/`)).toBe(true);
  expect(
    execFileSync('find', [join(directory, 'state'), '-name', '*.ext4'], { encoding: 'utf8' })
      .trim()
      .split('\n'),
  ).toHaveLength(1);
});
