import { describe, expect, test } from 'vitest';
import { count, failedFiles, faultsOf, filesOf } from '../../.ci/report.mjs';
import { repositoryRoot } from '../../scripts/source-files.ts';

type Status = 'passed' | 'failed' | 'skipped';
const file = (name: string, ...statuses: readonly Status[]) => ({
  name: `${repositoryRoot.replace(/\/$/, '')}/${name}`,
  status: statuses.includes('failed') ? 'failed' : 'passed',
  assertionResults: statuses.map((status) => ({ status })),
});
const report = (...testResults: readonly ReturnType<typeof file>[]) => ({ testResults });

describe('one report', () => {
  test('a skipped test is a failed one', () => {
    expect(count([report(file('test/a.test.ts', 'passed', 'skipped'))], [])).toEqual({
      passed: 1,
      failed: 1,
    });
  });

  test('a file that could not be loaded is one failure', () => {
    const broken = { ...file('test/a.test.ts'), status: 'failed' };
    expect(count([{ testResults: [broken, file('test/b.test.ts', 'passed')] }], [])).toEqual({
      passed: 1,
      failed: 1,
    });
  });

  test('a run that failed though no test did is one failure', () => {
    const silent = { ...report(file('test/a.test.ts', 'passed')), success: false };
    expect(count([silent], [])).toEqual({ passed: 1, failed: 1 });
    expect(filesOf({ ...silent, success: true }).size).toBe(1);
  });

  test('that is not there is one failure', () => {
    expect(count([undefined, report(file('test/a.test.ts', 'passed'))], [])).toEqual({
      passed: 1,
      failed: 1,
    });
  });
});

describe('a second run', () => {
  const first = report(
    file('test/e2e/x.test.ts', 'passed', 'failed'),
    file('test/egress/y.test.ts', 'failed'),
    file('test/local/platform.test.ts', 'failed'),
  );

  test('is for every file that failed, and for nothing that is no file', () => {
    const files = ['test/e2e/x.test.ts', 'test/egress/y.test.ts', 'test/local/platform.test.ts'];
    expect(failedFiles(first)).toEqual(files);
    expect(failedFiles({ ...report(file('test/a.test.ts', 'passed')), success: false })).toEqual([]);
  });

  test('that passes takes the place of the first', () => {
    const again = report(file('test/e2e/x.test.ts', 'passed', 'passed'));
    expect(count([first], [again])).toEqual({ passed: 2, failed: 2 });
  });

  test.each([
    ['fails', report(file('test/e2e/x.test.ts', 'passed', 'failed'))],
    ['fails at another place', report(file('test/e2e/x.test.ts', 'passed', 'passed', 'failed'))],
    ['runs nothing', report()],
    ['skips', report(file('test/e2e/x.test.ts', 'passed', 'skipped'))],
    ['leaves no report', undefined],
  ])('that %s changes nothing', (_, again) => {
    expect(count([first], [again])).toEqual({ passed: 1, failed: 3 });
  });

  test('cannot make up for a file that was never in the first', () => {
    const other = report(file('test/e2e/z.test.ts', 'passed'));
    expect(count([first], [other])).toEqual({ passed: 1, failed: 3 });
  });
});

test('what failed is told by name and the beginning of its message', () => {
  const red = '\u001B[31m';
  const failureMessages = [`${red}AssertionError: no\n${'at x\n'.repeat(40)}`];
  const [shown] = report(file('test/a.test.ts', 'passed', 'failed')).testResults;
  const [passed] = shown!.assertionResults;
  const failed = { status: 'failed', fullName: 'a thing holds', failureMessages };
  const unloaded = { ...file('test/b.test.ts'), status: 'failed', message: 'SyntaxError: x' };
  const faults = faultsOf({ testResults: [{ ...shown!, assertionResults: [passed!, failed] }, unloaded] });
  expect(faults.map((text) => text.split('\n').slice(0, 2))).toEqual([
    ['test/a.test.ts > a thing holds', '    AssertionError: no'],
    ['test/b.test.ts', '    SyntaxError: x'],
  ]);
  expect(faults[0]!.split('\n').length).toBeLessThan(16);
});
