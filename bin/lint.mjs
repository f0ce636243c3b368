/**
 * `npm run lint`: every static check, all of them run, one line each, details of those that failed, a summary.
 * `npm run lint -- oxlint imports` runs only the named ones. Plain Node, so that it starts before anything builds.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (name) => `node_modules/.bin/${name}`;
const script = (name) => [process.execPath, '--import', 'tsx', `scripts/check-${name}.ts`];

/** A step that only informs never fails the run. */
const steps = [
  { name: 'prettier', command: [bin('prettier'), '--check', '--log-level', 'warn', '.'] },
  { name: 'types', command: [bin('tsc'), '--noEmit', '-p', '.'] },
  {
    name: 'types-imports',
    command: [bin('tsc'), '--noEmit', '-p', 'constructs/imports'],
    needs: 'constructs/imports/tsconfig.json',
  },
  { name: 'oxlint', command: [bin('oxlint'), '--type-aware', '--deny-warnings', '.'] },
  { name: 'imports', command: script('imports') },
  { name: 'engines', command: script('engines') },
  { name: 'size', command: script('size') },
  { name: 'patterns', command: script('patterns') },
  { name: 'handlers', command: script('handlers') },
  { name: 'knip', command: [bin('knip'), '--no-progress'] },
  { name: 'twins', command: script('twins'), informs: true },
];

function run(step) {
  return new Promise((resolve) => {
    const started = Date.now();
    const [command, ...args] = step.command;
    const chunks = [];
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: process.env });
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    const finish = (code) =>
      resolve({ ...step, code, ms: Date.now() - started, output: Buffer.concat(chunks).toString('utf8') });
    child.on('error', (error) => {
      chunks.push(Buffer.from(`${error.message}\n`));
      finish(127);
    });
    child.on('close', (code) => finish(code ?? 1));
  });
}

function print(result) {
  const failed = result.code !== 0 && result.informs !== true;
  const word = failed ? 'FAIL' : result.informs === true ? 'info' : 'ok';
  console.log(`${word.padEnd(5)}${result.name.padEnd(15)}${(result.ms / 1000).toFixed(1)} s`);
  if (failed) console.log(result.output.trimEnd().replace(/^/gm, '    '));
  else if (result.informs === true) console.log(`    ${result.output.trimEnd().split('\n').at(-1) ?? ''}`);
  return failed;
}

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !steps.some((step) => step.name === name));
if (unknown.length > 0) {
  console.error(
    `error: no check named ${unknown.join(', ')}; there are ${steps.map((step) => step.name).join(', ')}`,
  );
  process.exit(2);
}
const chosen = steps
  .filter((step) => asked.length === 0 || asked.includes(step.name))
  .filter((step) => step.needs === undefined || existsSync(`${root}/${step.needs}`));

const failures = [];
const queue = [...chosen];
async function worker() {
  for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
    const result = await run(step);
    if (print(result)) failures.push(result.name);
  }
}
await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker));

console.log(
  failures.length === 0
    ? `lint: ${chosen.length} checks passed`
    : `lint: ${failures.length} of ${chosen.length} checks failed: ${failures.join(', ')}`,
);
process.exitCode = failures.length === 0 ? 0 : 1;
