/** No test may be left out for lack of a tool: `npm test` provides what tests need, or says what is missing. */
import { expect, test } from 'vitest';
import { readSourceFiles } from '../../scripts/source-files.ts';

const leavesOut = /\b(?:test|it|describe)\.(?:skip|skipIf|runIf|todo)\b|\bctx\.skip\(/;

test('no test is skipped, whatever the machine lacks', () => {
  const tests = readSourceFiles().filter(({ path }) => path.endsWith('.test.ts'));
  expect(tests.length).toBeGreaterThan(300);
  // This file names what it looks for.
  const found = tests.filter(({ path, text }) => !path.endsWith('/skipped.test.ts') && leavesOut.test(text));
  expect(found.map(({ path }) => path)).toEqual([]);
});
