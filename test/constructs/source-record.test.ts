/** Which line of a program made an object, in the stacks of every system and of both kinds of module. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Chart } from 'cdk8s';
import { expect, test } from 'vitest';
import { WorkerPool } from '../../constructs/index.ts';
import { callerOf } from '../../constructs/source-record.ts';

const stackOf = (...frames: readonly string[]): string =>
  ['Error', ...frames.map((each) => `    ${each}`)].join('\n');

test.each([
  ['at /work/app/main.ts:7:3', '/work/app/main.ts'],
  ['at Object.<anonymous> (/work/app/main.ts:7:3)', '/work/app/main.ts'],
  ['at async file:///work/app/my%20main.ts:7:3', '/work/app/my main.ts'],
  ['at new Team (file:///work/app/main.ts:7:3)', '/work/app/main.ts'],
  ['at new Team (C:\\work\\app\\main.ts:7:3)', 'C:\\work\\app\\main.ts'],
  [
    'at Object.make [as run] (C:\\Program Files (x86)\\app\\main.js:7:3)',
    'C:\\Program Files (x86)\\app\\main.js',
  ],
  ['at c:/work/100%/main.js:7:3', 'c:/work/100%/main.js'],
])('%s', (frame, file) => {
  const stack = stackOf(
    'at node:internal/modules/cjs/loader:1105:14',
    'at new Chart (/work/node_modules/cdk8s/lib/chart.js:1:1)',
    'at new Chart (C:\\work\\node_modules\\cdk8s\\lib\\chart.js:1:1)',
    'at Array.map (<anonymous>)',
    frame,
  );
  expect(callerOf(stack)).toEqual({ file, line: 7, column: 3 });
});

test('a stack without a file of the program has no place, and a broken URL throws nothing', () => {
  expect(callerOf(stackOf('at <anonymous>', 'at file:///work/%2Fapp.ts:1:1'))).toBeUndefined();
});

test('the file names the line that made the object, with slashes', () => {
  const outdir = mkdtempSync(join(tmpdir(), 'clrk-sources-'));
  try {
    const app = new App({ outdir });
    new WorkerPool(new Chart(app, 'test'), 'pool');
    app.synth();
    const { objects } = JSON.parse(readFileSync(join(outdir, 'clrk-sources.json'), 'utf8')) as {
      objects: { file: string; line: number }[];
    };
    expect(objects).toMatchObject([{ file: 'test/constructs/source-record.test.ts' }]);
  } finally {
    rmSync(outdir, { recursive: true });
  }
});
