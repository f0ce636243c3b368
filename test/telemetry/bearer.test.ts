import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { matchBearer, TokenFiles } from '../../telemetry/bearer.ts';
import { removeDirectory, temporaryDirectory } from './embedded.ts';

const tokens = new Map([
  ['a', 'token-a'],
  ['empty', ''],
]);

test.each([
  ['Bearer token-a', 'a'],
  ['bearer token-a', 'a'],
  ['Bearer token-b', undefined],
  ['Bearer ', undefined],
  ['Bearer', undefined],
  ['Basic token-a', undefined],
  ['Bearer token-a x', undefined],
  [`Bearer ${'x'.repeat(5000)}`, undefined],
  [undefined, undefined],
])('%s', (header, expected) => expect(matchBearer(header, tokens)).toBe(expected));

test('a rotated token is read again; a file that is gone admits nobody', () => {
  const directory = temporaryDirectory();
  let now = 0;
  const files = new TokenFiles(directory, ['otlp-worker'], () => now);
  expect(matchBearer('Bearer one', files.tokens())).toBeUndefined();
  writeFileSync(join(directory, 'otlp-worker'), 'one\n');
  now += 6_000;
  expect(matchBearer('Bearer one', files.tokens())).toBe('otlp-worker');
  rmSync(join(directory, 'otlp-worker'));
  now += 6_000;
  expect(matchBearer('Bearer one', files.tokens())).toBeUndefined();
  removeDirectory(directory);
});
