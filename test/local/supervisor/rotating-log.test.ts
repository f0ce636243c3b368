import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseLogLine, RotatingLog } from '../../../local/supervisor/rotating-log.ts';

let folder = '';
let files = 0;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clrk-log-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('stores whole lines however the bytes are cut', () => {
  const cut = fc.tuple(
    fc.array(fc.stringMatching(/^[a-zß ]{0,40}$/), { minLength: 1, maxLength: 8 }),
    fc.array(fc.nat(400), { maxLength: 6 }),
  );
  fc.assert(
    fc.property(cut, ([lines, cuts]) => {
      const path = join(folder, `${(files += 1)}.log`);
      const log = new RotatingLog(path);
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      const ends = [...cuts.map((at) => at % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
      let from = 0;
      for (const end of ends) {
        log.write('stdout', bytes.subarray(from, end));
        from = end;
      }
      log.close();
      const stored = readFileSync(path, 'utf8').split('\n').map(parseLogLine);
      expect(stored.filter((line) => line !== undefined).map(({ text }) => text)).toEqual(lines);
    }),
    { numRuns: 40 },
  );
});

it('never outgrows its bound by more than one line, and keeps one predecessor', () => {
  const path = join(folder, 'c.log');
  const log = new RotatingLog(path, 2_000);
  for (let line = 0; line < 500; line += 1) log.write('stderr', Buffer.from(`line ${line}\n`));
  log.close();
  expect(statSync(path).size).toBeLessThanOrEqual(2_000);
  expect(statSync(`${path}.1`).size).toBeLessThanOrEqual(2_000);
  expect(existsSync(`${path}.2`)).toBe(false);
  expect(readFileSync(path, 'utf8')).toContain('line 499');
});

it('stores an endless line in parts, and what is unfinished at the end', () => {
  const path = join(folder, 'c.log');
  const log = new RotatingLog(path);
  log.write('stdout', Buffer.alloc(40_000, 'x'));
  log.close();
  log.close();
  const stored = readFileSync(path, 'utf8')
    .split('\n')
    .map(parseLogLine)
    .filter((line) => line !== undefined);
  expect(stored.map(({ partial }) => partial)).toEqual([true, true, false]);
  expect(stored.reduce((sum, { text }) => sum + text.length, 0)).toBe(40_000);
});
