import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mintReaderToken } from '../../contract/index.ts';
import { readerOf, TokenFiles } from '../../telemetry/bearer.ts';
import { removeDirectory, temporaryDirectory } from './embedded.ts';

const nowMs = 1_795_000_000_000;
const good = mintReaderToken('secret', { namespaces: ['a'], expiresMs: nowMs + 1_000 });

test.each([
  [`Bearer ${good}`, ['a']],
  [`bearer ${good}`, ['a']],
  ['Bearer secret', undefined],
  ['Bearer ', undefined],
  ['Bearer', undefined],
  [`Basic ${good}`, undefined],
  [`Bearer ${good} x`, undefined],
  [`Bearer ${'x'.repeat(5000)}`, undefined],
  [undefined, undefined],
])('%s', (header, expected) => expect(readerOf(header, 'secret', nowMs)?.namespaces).toEqual(expected));

test('a rotated secret is read again; a file that is gone admits nobody', () => {
  const directory = temporaryDirectory();
  let now = 0;
  const files = new TokenFiles(directory, ['reader'], () => now);
  const reads = (): boolean =>
    readerOf(`Bearer ${good}`, files.tokens().get('reader') ?? '', nowMs) !== undefined;
  expect(reads()).toBe(false);
  writeFileSync(join(directory, 'reader'), 'secret\n');
  now += 6_000;
  expect(reads()).toBe(true);
  rmSync(join(directory, 'reader'));
  now += 6_000;
  expect(reads()).toBe(false);
  removeDirectory(directory);
});
