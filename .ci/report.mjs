/**
 * What vitest's JSON reports say, for `.ci/run`: how much passed and failed over all runs, and what failed. Plain Node.
 * A skipped test counts as failed: nobody would notice it otherwise. A file that failed and then passed alone counts
 * with its second run (docs/decisions/020-ci.md).
 *   report.mjs failed REPORT                  files that failed, one a line
 *   report.mjs count REPORT... [-- RETRY...]  "PASSED FAILED"; a report that cannot be read is one failure
 *   report.mjs faults REPORT...               every test that failed, with the beginning of what it said
 */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const shownLines = 12;

/** Per file: how many tests passed and failed. A file that could not be loaded has one failure of its own. */
export function filesOf(report) {
  const files = report.testResults.map((file) => {
    const passed = file.assertionResults.filter(({ status }) => status === 'passed').length;
    const others = file.assertionResults.length - passed;
    const failed = others === 0 && file.status === 'failed' ? 1 : others;
    return [relative(root, file.name), { passed, failed }];
  });
  // vitest itself may fail after every test passed: an unhandled error, a set-up that threw.
  const silent = report.success === false && files.every(([, { failed }]) => failed === 0);
  return new Map(silent ? [...files, ['(the run itself)', { passed: 0, failed: 1 }]] : files);
}

export function failedFiles(report) {
  const failed = [...filesOf(report)].filter(([, counts]) => counts.failed > 0).map(([name]) => name);
  // What is no file cannot be run again.
  return failed.filter((name) => name.startsWith('test/'));
}

/** Per test that failed: `FILE > TEST` and the first lines of its message, without colours. */
export function faultsOf(report) {
  return report.testResults.flatMap((file) => {
    const name = relative(root, file.name);
    const tests = file.assertionResults.filter(({ status }) => status !== 'passed');
    if (tests.length === 0 && file.status === 'failed') return [fault(name, file.message)];
    return tests.map((test) => fault(`${name} > ${test.fullName}`, test.failureMessages?.join('\n')));
  });
}

function fault(name, message = '') {
  const said = message.replace(/\x1b\[[0-9;]*m/g, '').split('\n');
  // Frames of the runner say nothing about the test.
  const lines = said.filter((line) => !/^\s+at .*node_modules/.test(line));
  const shown = lines.slice(0, shownLines).map((line) => `    ${line.slice(0, 400)}`);
  const more = lines.length > shownLines ? [`    (${lines.length - shownLines} lines more)`] : [];
  return [name, ...shown, ...more].join('\n').trimEnd();
}

/** The files of second runs that passed whole, by name. */
function secondRuns(retries) {
  const runs = retries.filter((retry) => retry !== undefined).map((retry) => [...filesOf(retry)]);
  const whole = runs.filter((entries) => entries.every(([, { failed }]) => failed === 0)).flat();
  return new Map(whole.filter(([, { passed }]) => passed > 0));
}

/** Sums; a file's second run takes the place of its first only if it passed whole. `undefined`: no report. */
export function count(reports, retries) {
  const second = secondRuns(retries);
  const missing = { passed: 0, failed: 1 };
  const results = reports
    .flatMap((report) => (report === undefined ? [['(no report)', missing]] : [...filesOf(report)]))
    .map(([name, result]) => (result.failed > 0 ? (second.get(name) ?? result) : result));
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  return { passed: sum('passed'), failed: sum('failed') };
}

function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

const [command, ...words] = process.argv[1] === fileURLToPath(import.meta.url) ? process.argv.slice(2) : [];
if (command === 'failed') {
  const report = read(words[0]);
  if (report !== undefined) for (const name of failedFiles(report)) console.log(name);
} else if (command === 'faults') {
  const reports = words.map(read).filter((report) => report !== undefined);
  for (const text of reports.flatMap(faultsOf)) console.log(text);
} else if (command === 'count') {
  const split = words.includes('--') ? words.indexOf('--') : words.length;
  const { passed, failed } = count(words.slice(0, split).map(read), words.slice(split + 1).map(read));
  console.log(`${passed} ${failed}`);
}
