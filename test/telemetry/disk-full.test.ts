/**
 * R10: a real disk that is full. What cannot be kept is refused, in words by which a sender comes again; what was promised is there; and
 * nothing half written eats the room that is left.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMetrics } from '../../telemetry/metrics.ts';
import { rowBytes } from '../../telemetry/spool/row-bytes.ts';
import { Spool } from '../../telemetry/spool/spool.ts';
import type { SpooledBatch } from '../../telemetry/spool/spool-file.ts';
import { Writer } from '../../telemetry/spool/writer.ts';
import { removeDirectory, silentLog, temporaryDirectory, until } from './embedded.ts';

const diskBytes = 256 * 1024;

let directory: string;
beforeEach(() => {
  directory = temporaryDirectory();
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'clrk-test', directory]);
});
afterEach(() => {
  execFileSync('umount', [directory]);
  removeDirectory(directory);
});

const batch = (token: string, bytes: number): SpooledBatch => ({
  table: 't',
  token,
  rows: 1,
  body: Buffer.alloc(bytes, token),
});

const freeBytes = (): number => {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
};

/** Appends until the disk says no; what was taken. */
async function fill(spool: Spool): Promise<readonly string[]> {
  const taken: string[] = [];
  for (let index = 0; index < 100; index += 1) {
    const token = `t${index}`;
    try {
      await spool.append(batch(token, 60_000));
      taken.push(token);
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' });
      return taken;
    }
  }
  throw new Error('the disk never filled');
}

test('R10: the spool refuses what the disk does not take, keeps what it promised, and takes again when there is room', async () => {
  const spool = new Spool(directory, 100_000_000);
  const taken = await fill(spool);
  expect(taken.length).toBeGreaterThan(2);
  const free = freeBytes();
  // Nothing of what was refused is left, however often it is tried.
  for (let round = 0; round < 3; round += 1)
    await expect(spool.append(batch('no', 60_000))).rejects.toThrow('ENOSPC');
  expect(readdirSync(directory)).toHaveLength(taken.length);
  expect(freeBytes()).toBe(free);
  const again = new Spool(directory, 100_000_000);
  expect(again.bytes).toBe(spool.bytes);
  expect((await again.peek())?.token).toBe('t0');
  await again.shift();
  await again.append(batch('late', 60_000));
  const tokens: string[] = [];
  for (let next = await again.peek(); next !== undefined; next = await again.peek()) {
    tokens.push(next.token);
    await again.shift();
  }
  expect(tokens).toEqual([...taken.slice(1), 'late']);
});

test('R10: what is to be set aside on a full disk leaves no part of itself', async () => {
  const spool = new Spool(directory, 100_000_000);
  await fill(spool);
  const free = freeBytes();
  for (let index = 0; index < 5; index += 1) await spool.setAside(batch('poison', free + 10_000), 'poison');
  expect(readdirSync(join(directory, 'aside'))).toEqual([]);
  expect(spool.asideBytes).toBe(0);
  expect(freeBytes()).toBeGreaterThan(0);
});

test('R10: with the store away and the disk full a sender is asked to come again, and what it was told is kept comes in', async () => {
  const inserted: number[] = [];
  let isAway = true;
  const store = {
    insert: async ({ body }: { readonly body: Buffer }) => {
      await Promise.resolve();
      if (isAway) throw new Error('connect ECONNREFUSED');
      inserted.push((JSON.parse(body.toString('utf8')) as { n: number }).n);
    },
  };
  const metrics = createMetrics();
  const spool = new Spool(directory, 100_000_000);
  const limits = { flushMs: 1, retryMinMs: 5, retryMaxMs: 10 };
  const options = { store, spool, metrics, log: silentLog, bootId: 'b' };
  await using writer = new Writer({ ...options, limits });
  const kept: number[] = [];
  const refused: number[] = [];
  for (let index = 0; index < 12; index += 1) {
    const row = JSON.stringify({ n: index, pad: 'x'.repeat(40_000) });
    await writer.write('otel_logs', rowBytes([row])).then(
      () => kept.push(index),
      () => refused.push(index),
    );
  }
  expect(kept.length).toBeGreaterThan(2);
  expect(refused.length).toBeGreaterThan(2);
  isAway = false;
  await until('all that was kept is inserted', () => spool.empty);
  expect(inserted.sort((a, b) => a - b)).toEqual(kept);
  expect(readdirSync(directory)).toEqual([]);
});
