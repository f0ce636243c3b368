/** Runs a test file in a copy of the tree and tells whether tests failed: a broken import is no failed test. */
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export interface TestOutcome {
  readonly kind: 'passed' | 'failed' | 'broken';
  /** Numbers of promises in the names of the tests that failed. */
  readonly promises: readonly string[];
}

/** A mutant may make a test wait for ever. */
const timeoutMs = 180_000;

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: ReadonlyArray<{
    readonly assertionResults: ReadonlyArray<{ readonly status: string; readonly fullName: string }>;
  }>;
}

function promisesOf({ testResults }: Report): string[] {
  const failed = testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'failed'),
  );
  return [...new Set(failed.flatMap(({ fullName }) => fullName.match(/\bS\d+\b/g) ?? []))];
}

function readReport(path: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report;
  } catch {
    return undefined;
  }
}

export async function runTests(tree: string, test: string, title: string | undefined): Promise<TestOutcome> {
  const report = join(tree, 'build', 'mutant-report.json');
  rmSync(report, { force: true });
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'parts', test];
  args.push('--reporter=json', `--outputFile=${report}`, '--testTimeout=20000');
  if (title !== undefined) args.push('-t', title);
  const child = spawn(process.execPath, args, { cwd: tree, stdio: 'ignore', detached: true });
  const timer = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), timeoutMs);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearTimeout(timer);
  // Killed by the clock: the test did not get to its end, as it would with the defence in place.
  if (code === null) return { kind: 'failed', promises: [] };
  const result = readReport(report);
  if (result === undefined) return { kind: 'broken', promises: [] };
  if (result.numFailedTests > 0) return { kind: 'failed', promises: promisesOf(result) };
  return { kind: code === 0 && result.numPassedTests > 0 ? 'passed' : 'broken', promises: [] };
}
