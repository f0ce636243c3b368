/** A hostile agent's state, read: nothing outside of it, nothing that hangs, nothing without end. */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listState, parseStatePath, readState } from '../../../worker/state/state-reader.ts';

const outside = mkdtempSync(join(tmpdir(), 'clrk-state-outside-'));
const root = join(outside, 'state');
const reading = { now: () => 0 };
const secret = 'of the host';

beforeAll(() => {
  mkdirSync(join(root, 'notes', 'deep'), { recursive: true });
  writeFileSync(join(outside, 'secret'), secret);
  writeFileSync(join(root, 'notes', 'a.txt'), 'hello');
  writeFileSync(join(root, 'notes', 'deep', 'b.bin'), Buffer.alloc(100_000, 1));
  for (const [name, target] of [
    ['passwd', '/etc/passwd'],
    ['etc', '/etc'],
    ['up', '..'],
    ['secret', '../secret'],
    ['loop', 'loop'],
    ['inner', 'notes'],
  ] as const)
    symlinkSync(target, join(root, name));
  execFileSync('mkfifo', [join(root, 'pipe')]);
  writeFileSync(join(root, '\u001b[31mred\u202e'), 'x');
});
afterAll(() => rmSync(outside, { recursive: true }));

const read = async (path: string): Promise<string> => (await readState(root, path, reading)).bytes.toString();
const notFound = expect.objectContaining({ code: 'STATE_NOT_FOUND' }) as Error;

describe('a listing', () => {
  test('tells what is there, links as links, and names as they are', async () => {
    const { entries, isCut } = await listState(root, '/', reading);
    expect(isCut).toBe(false);
    expect(Object.fromEntries(entries.map(({ name, kind }) => [name, kind]))).toEqual({
      ...{ notes: 'directory', passwd: 'link', etc: 'link', up: 'link', secret: 'link', loop: 'link' },
      ...{ inner: 'link', pipe: 'other', '\u001b[31mred\u202e': 'file' },
    });
    expect((await listState(root, 'notes/', reading)).entries).toMatchObject([
      { name: 'a.txt', kind: 'file', size: 5 },
      { name: 'deep', kind: 'directory', size: 0 },
    ]);
  });

  test.each(['etc', 'up', 'inner', 'loop', 'passwd', 'notes/a.txt', 'nothing', 'etc/ssl', 'up/state'])(
    'of %s is none: it is no directory of the state',
    async (path) => {
      await expect(listState(root, path, reading)).rejects.toEqual(notFound);
    },
  );

  test('is cut by number and by time, and says so', async () => {
    const many = join(root, 'many');
    mkdirSync(many);
    for (let index = 0; index < 300; index += 1) writeFileSync(join(many, String(index)), '');
    const cut = await listState(root, 'many', { ...reading, bounds: { entries: 100 } });
    expect([cut.entries.length, cut.isCut]).toEqual([100, true]);
    let clock = 0;
    const slow = await listState(root, 'many', { now: () => (clock += 100), bounds: { ms: 1_000 } });
    expect([slow.entries.length, slow.isCut]).toEqual([10, true]);
    expect((await listState(root, 'many', reading)).entries).toHaveLength(300);
    rmSync(many, { recursive: true });
  });
});

describe('a file', () => {
  test('is read as it is, and cut where it is long', async () => {
    expect(await read('/notes/a.txt')).toBe('hello');
    const { bytes, isCut } = await readState(root, 'notes/deep/b.bin', {
      ...reading,
      bounds: { bytes: 70_000 },
    });
    expect([bytes.length, isCut]).toEqual([70_000, true]);
    expect(await readState(root, 'notes/deep/b.bin', reading)).toMatchObject({ isCut: false });
  });

  test.each(['passwd', 'secret', 'etc/passwd', 'up/secret', 'inner/a.txt', 'pipe', 'notes', '', 'loop'])(
    'that is %s is none: no link is followed, and nothing but a plain file is opened',
    async (path) => {
      await expect(read(path)).rejects.toEqual(notFound);
    },
  );

  test('a directory that becomes a link meanwhile leads nowhere', async () => {
    mkdirSync(join(root, 'turns'));
    mkdirSync(join(outside, 'real'));
    writeFileSync(join(outside, 'real', 'secret'), secret);
    let isOver = false;
    const turning = (async () => {
      while (!isOver) {
        renameSync(join(root, 'turns'), join(root, 'was'));
        symlinkSync(join(outside, 'real'), join(root, 'turns'));
        await new Promise((resolve) => setImmediate(resolve));
        unlinkSync(join(root, 'turns'));
        renameSync(join(root, 'was'), join(root, 'turns'));
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    for (let tries = 0; tries < 20; tries += 1)
      await expect(read('turns/secret')).rejects.toMatchObject({ code: 'STATE_NOT_FOUND' });
    isOver = true;
    await turning;
  });

  test('that grows while it is read has an end', async () => {
    const path = join(root, 'grows');
    writeFileSync(path, 'x');
    const growing = setInterval(() => appendFileSync(path, Buffer.alloc(64 * 1024)), 0);
    const { bytes } = await readState(root, 'grows', { ...reading, bounds: { bytes: 1024 * 1024 } });
    clearInterval(growing);
    expect(bytes.length).toBeLessThanOrEqual(1024 * 1024);
  });
});

test('of any path: no `..`, no NUL, and what is read is never of the host', async () => {
  const name = fc.constantFrom(
    '..',
    '.',
    '',
    'etc',
    'passwd',
    'up',
    'secret',
    'notes',
    'a.txt',
    'inner',
    '\0',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(name, { maxLength: 6 }), async (names) => {
      const path = names.join('/');
      const found = await readState(root, path, reading).catch((error: { code?: string }) => {
        expect(['STATE_NOT_FOUND', 'STATE_PATH']).toContain(error.code);
        return undefined;
      });
      if (found !== undefined) expect(found.bytes.toString()).toBe('hello');
    }),
  );
  for (const path of ['..', 'a/../b', 'a\0', 'x'.repeat(256), 'd/'.repeat(65)])
    expect(() => parseStatePath(path)).toThrow(expect.objectContaining({ code: 'STATE_PATH' }) as Error);
});
