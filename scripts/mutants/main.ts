/**
 * `npm run mutants [-- --docs] [ID…]`: can each defence be switched off without a test noticing? Every entry of test/mutants is applied to
 * a throw-away copy of the tree, and the test it names must fail. Survivors, edits that no longer fit and tests that fail
 * without any edit end with exit code 1.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { applyMutant, readMutants, type Mutant } from './mutant.ts';
import { runTests } from './run-tests.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

type Verdict = 'killed' | 'SURVIVED' | 'BROKEN';
const verdicts = { failed: 'killed', passed: 'SURVIVED', broken: 'BROKEN' } as const;

interface Line {
  readonly id: string;
  readonly verdict: Verdict;
  readonly promises: readonly string[];
}

function copyTree(): string {
  const tree = mkdtempSync(join(tmpdir(), 'clrk-mutants-'));
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  for (const path of listed.split('\0').filter((each) => each !== '')) {
    mkdirSync(join(tree, dirname(path)), { recursive: true });
    cpSync(join(root, path), join(tree, path));
  }
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
  mkdirSync(join(tree, 'build'), { recursive: true });
  return tree;
}

async function judge(tree: string, mutant: Mutant): Promise<Omit<Line, 'id'>> {
  const path = join(tree, mutant.file);
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, applyMutant(text, mutant));
  try {
    const { kind, promises } = await runTests(tree, mutant.test, mutant.title);
    return { verdict: verdicts[kind], promises };
  } finally {
    writeFileSync(path, text);
  }
}

/**
 * What the table of docs/security.md is made from; sorted, so that two runs write the same. A run that is stopped tells so far, and
 * one of some mutants leaves what is known of the others.
 */
function publish(judged: readonly Line[]): void {
  if (!process.argv.includes('--docs')) return;
  const file = join(root, 'docs', 'mutants.json');
  const isJudged = new Set(judged.map(({ id }) => id));
  const exists = new Set(every.map(({ id }) => id));
  const before = JSON.parse(readFileSync(file, 'utf8')) as Line[];
  const kept = before.filter(({ id }) => exists.has(id) && !isJudged.has(id));
  const sorted = [...kept, ...judged].sort((a, b) => (a.id < b.id ? -1 : 1));
  writeFileSync(file, `${JSON.stringify(sorted, null, 1)}\n`);
}

async function work(queue: Mutant[], judged: Line[]): Promise<void> {
  const tree = copyTree();
  const sound = new Map<string, boolean>();
  try {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const { id, test, title } = mutant;
      const key = `${test} ${title ?? ''}`;
      // A test that fails anyway kills nothing.
      if (!sound.has(key)) sound.set(key, (await runTests(tree, test, title)).kind === 'passed');
      const line: Omit<Line, 'id'> =
        sound.get(key) === true ? await judge(tree, mutant) : { verdict: 'BROKEN', promises: [] };
      judged.push({ id, ...line });
      publish(judged);
      console.log(`${line.verdict.padEnd(9)} ${id}`);
    }
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

/** Edits that fit no longer are told before anything runs. */
function misfits(mutants: readonly Mutant[]): string[] {
  return mutants.flatMap((mutant) => {
    try {
      applyMutant(readFileSync(join(root, mutant.file), 'utf8'), mutant);
      return [];
    } catch (thrown) {
      return [(thrown as Error).message];
    }
  });
}

const asked = process.argv.slice(2).filter((text) => text !== '--docs');
const every = readMutants(join(root, 'test', 'mutants'));
const mutants =
  asked.length === 0 ? every : every.filter(({ id }) => asked.some((text) => id.includes(text)));
const wrong = misfits(mutants);
for (const message of wrong) console.log(`BROKEN    ${message}`);
// Neighbours share a test file, so that its run without an edit is made once.
const queue = wrong.length > 0 ? [] : [...mutants].sort((a, b) => (a.test < b.test ? -1 : 1));
const judged: Line[] = [];
await Promise.all(Array.from({ length: Math.max(1, availableParallelism()) }, () => work(queue, judged)));
const bad = judged.filter(({ verdict }) => verdict !== 'killed');
console.log(`\n${judged.length - bad.length} of ${mutants.length} killed, ${bad.length} not`);
process.exitCode = bad.length > 0 || wrong.length > 0 || mutants.length === 0 ? 1 : 0;
