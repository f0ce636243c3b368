import { describe, expect, test } from 'vitest';
import { count, failedWholeMachineFiles, filesOf } from '../../.ci/report.mjs';
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

  test('is for whole-machine files only', () => {
    expect(failedWholeMachineFiles(first)).toEqual(['test/e2e/x.test.ts', 'test/local/platform.test.ts']);
  });

  test('that passes takes the place of the first', () => {
    const again = report(file('test/e2e/x.test.ts', 'passed', 'passed'));
    expect(count([first], [again])).toEqual({ passed: 2, failed: 2 });
  });

  test.each([
    ['fails', report(file('test/e2e/x.test.ts', 'passed', 'failed'))],
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
