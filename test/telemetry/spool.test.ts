import { appendFileSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Spool } from '../../telemetry/spool/spool.ts';
import type { SpooledBatch } from '../../telemetry/spool/spool-file.ts';
import { removeDirectory, temporaryDirectory } from './embedded.ts';

let directory: string;
beforeEach(() => (directory = temporaryDirectory()));
afterEach(() => removeDirectory(directory));

const batch = (token: string, bytes = 100): SpooledBatch => ({
  table: 't',
  token,
  rows: 1,
  body: Buffer.alloc(bytes, token),
});

async function drain(spool: Spool): Promise<string[]> {
  const tokens: string[] = [];
  for (let next = await spool.peek(); next !== undefined; next = await spool.peek()) {
    expect(next.body).toEqual(batch(next.token, next.body.length).body);
    tokens.push(next.token);
    await spool.shift();
  }
  return tokens;
}

describe('the spool', () => {
  test('gives back in order, also to the next process, and leaves nothing', async () => {
    const first = new Spool(directory, 100_000);
    for (const token of ['a', 'b', 'c']) await first.append(batch(token));
    const second = new Spool(directory, 100_000);
    expect(second.bytes).toBe(first.bytes);
    await second.append(batch('d'));
    expect(await drain(second)).toEqual(['a', 'b', 'c', 'd']);
    expect([second.empty, second.bytes, readdirSync(directory)]).toEqual([true, 0, []]);
  });

  test('refuses what would exceed its limit, also from many at once, and takes again when there is room', async () => {
    const spool = new Spool(directory, 1_000);
    const results = await Promise.allSettled(
      ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((token) => spool.append(batch(token, 200))),
    );
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]).toMatchObject({ reason: { code: 'SPOOL_FULL' } });
    expect(spool.bytes).toBeLessThanOrEqual(1_000);
    await spool.shift();
    await spool.append(batch('z', 200));
    expect((await drain(spool)).at(-1)).toBe('z');
  });

  test.each([
    ['cut short', (file: string) => truncateSync(file, 150)],
    ['grown', (file: string) => appendFileSync(file, 'x')],
    [
      'a flipped byte',
      (file: string) => {
        const bytes = readFileSync(file);
        bytes[bytes.length - 1] = 0;
        writeFileSync(file, bytes);
      },
    ],
    ['empty', (file: string) => truncateSync(file, 0)],
  ])('R10: a file that is %s is left out, those behind it are not', async (_name, spoil) => {
    const first = new Spool(directory, 100_000);
    for (const token of ['a', 'b']) await first.append(batch(token));
    const [file = ''] = readdirSync(directory).sort();
    spoil(join(directory, file));
    writeFileSync(join(directory, '000000000009.batch.partial'), 'half');
    expect(await drain(new Spool(directory, 100_000))).toEqual(['b']);
  });

  test('what is set aside is bounded: the oldest give way', async () => {
    const spool = new Spool(directory, 100_000, { maxAsideBytes: 1_000 });
    for (let index = 0; index < 20; index++) await spool.setAside(batch(`p${index}`, 200), 'poison');
    await spool.setAside(batch('huge', 5_000), 'poison');
    expect(spool.asideBytes).toBeLessThanOrEqual(1_000);
    expect(spool.asideBytes).toBeGreaterThan(200);
    const again = new Spool(directory, 100_000, { maxAsideBytes: 1_000 });
    expect([again.asideBytes, again.empty]).toEqual([spool.asideBytes, true]);
    const kept = readdirSync(join(directory, 'aside')).map((file) =>
      readFileSync(join(directory, 'aside', file)),
    );
    expect(kept.some((bytes) => bytes.includes('p19'))).toBe(true);
  });

  test('what is not a batch of ours is left where it is', () => {
    mkdirSync(join(directory, 'lost+found'));
    writeFileSync(join(directory, 'notes.txt'), 'mine');
    expect(new Spool(directory, 1_000).empty).toBe(true);
    expect(readdirSync(directory).sort()).toEqual(['lost+found', 'notes.txt']);
  });
});
