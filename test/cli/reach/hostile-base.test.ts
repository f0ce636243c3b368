/** Trees that no git writes by itself and anybody may push: a revision is unpacked inside its folder, whatever its links are. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openBase } from '../../../cli/reach/base.ts';

let folder: string;
let outside: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clrk-hostile-base-'));
  // Beside the folder that a revision is unpacked to.
  outside = mkdtempSync(join(tmpdir(), 'clrk-hostile-out-'));
  writeFileSync(join(outside, 'secret.yaml'), 'kind: Secret');
  mkdirSync(join(folder, 'm'));
  git(['init', '-q'], '');
});
afterEach(() => {
  for (const each of [folder, outside]) rmSync(each, { recursive: true });
});

function git(words: readonly string[], input: string | Buffer): string {
  const who = ['-c', 'user.name=Eve', '-c', 'user.email=eve@example.com'];
  return execFileSync('git', ['-C', folder, ...who, ...words], { input, encoding: 'utf8' }).trim();
}

type Entry = readonly [mode: '100644' | '120000' | '40000', name: string, id: string];

const hash = (type: string, bytes: string | Buffer): string =>
  git(['hash-object', '-t', type, '-w', '--literally', '--stdin'], bytes);
const blob = (text: string): string => hash('blob', text);
/** In this order and with these names, twice where they stand twice. */
const tree = (...entries: readonly Entry[]): string =>
  hash(
    'tree',
    Buffer.concat(
      entries.map(([mode, name, id]) =>
        Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(id, 'hex')]),
      ),
    ),
  );

/** `a/b/up` leads to the top, so that `a/b/up/../x` is beside it, though it reads as `a/b/x`. */
const up = (): Entry => ['40000', 'a', tree(['40000', 'b', tree(['120000', 'up', blob('../..')])])];
const out = (): Entry => ['120000', 'out', blob(`a/b/up/../${basename(outside)}`)];

async function unpacked(...entries: readonly Entry[]) {
  const commit = git(['commit-tree', '-m', 'x', tree(['40000', 'm', tree(...entries)])], '');
  return await openBase(join(folder, 'm'), commit);
}

test('links that lead out together are told, and not there', async () => {
  using base = await unpacked(up(), out());
  expect(existsSync(join(base.folder ?? '', 'out'))).toBe(false);
  expect(existsSync(join(base.folder ?? '', 'a/b/up'))).toBe(true);
  expect(base.unseen).toEqual([expect.stringContaining('out is a link that leads out')]);
});

test.each<[string, () => Entry]>([
  ['a file', () => ['40000', 'out', tree(['100644', 'written', blob('evil')])]],
  ['a link', () => ['40000', 'out', tree(['120000', 'written', blob('secret.yaml')])]],
  ['a folder', () => ['40000', 'out', tree(['40000', 'new', tree(['120000', 'written', blob('x')])])]],
])('nothing is written outside by %s below a link', async (_what, below) => {
  try {
    using base = await unpacked(up(), out(), below());
    expect(base.folder).toBeDefined();
  } catch (error) {
    expect(error).toMatchObject({ code: 'BASE_UNREADABLE' });
  }
  expect(readdirSync(outside)).toEqual(['secret.yaml']);
});
