/**
 * The committed output against what the project's own program synthesizes now. The program runs in a throw-away copy of
 * the project; should it reach the project all the same, that is told, and what it synthesized there is put back.
 */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { treeDrift, type TreeDrift } from '../../policy/index.ts';
import { undecided } from '../reach/undecided.ts';
import { copyProject, type ProjectCopy } from './project-copy.ts';
import { readTimes, readTree, restoreTree, type Tree } from './tree.ts';

const maxErrorBytes = 8 * 1024;

interface Ended {
  readonly code: number | null;
  readonly errors: string;
}

/** The program is the project's own, from its cdk8s.yaml; cdk8s runs it through a shell too. */
function runApp(app: string, { directory, output }: ProjectCopy): Promise<Ended> {
  return new Promise((done, reject) => {
    // PWD is where the shell says it is; git must not refresh the index of the project.
    const environment = { ...process.env, PWD: directory, CDK8S_OUTDIR: output, GIT_OPTIONAL_LOCKS: '0' };
    const child = spawn('sh', ['-c', app], {
      cwd: directory,
      env: environment,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString('utf8')).slice(-maxErrorBytes);
    });
    child.once('error', reject);
    child.once('close', (code) => done({ code, errors }));
  });
}

export interface SynthInput {
  readonly app: string;
  /** Where cdk8s.yaml is. */
  readonly directory: string;
  readonly committed: string;
}

function failed(app: string, errors: string): Error {
  const lines = errors.trim().split('\n');
  const why = lines.find((line) => /^\s*\w*Error\b/.test(line)) ?? lines.at(-1) ?? '';
  return undecided(
    'SYNTH_FAILED',
    [`synth failed (${app}): ${why.trim()}`],
    'Run `cdk8s synth` to see all of it; the program runs in a copy of the repository.',
  );
}

/** Files of the project that are not as they were. */
function touched(before: ReadonlyMap<string, string>, directory: string): string[] {
  const now = readTimes(directory);
  return [...new Set([...before.keys(), ...now.keys()])]
    .filter((path) => before.get(path) !== now.get(path))
    .sort();
}

function requireUntouched(files: readonly string[], app: string): void {
  if (files.length === 0) return;
  const lines = files.map((file) => `the program (${app}) wrote to ${file} by a path of its own`);
  const hint =
    'Let it write below CDK8S_OUTDIR, or below the folder it runs in. What was committed is as it was.';
  throw undecided('SYNTH_ELSEWHERE', lines, hint);
}

function requireOutput(fresh: Tree, old: Tree, { app, committed }: SynthInput): void {
  if (fresh.size > 0 || old.size === 0) return;
  const line = `the program (${app}) wrote nothing to ${committed}, the output of cdk8s.yaml`;
  const hint =
    'An App with an outdir of its own writes there instead: leave outdir out, or name it in cdk8s.yaml.';
  throw undecided('SYNTH_ELSEWHERE', [line], hint);
}

export async function computeSynthDrift(input: SynthInput): Promise<TreeDrift[]> {
  const { app, directory } = input;
  const committed = resolve(directory, input.committed);
  const [old, before] = [readTree(committed), readTimes(directory)];
  using copy = copyProject(directory, committed);
  const { code, errors } = await runApp(app, copy);
  const changed = touched(before, directory);
  if (changed.length > 0) restoreTree(committed, old);
  requireUntouched(changed, app);
  if (code !== 0) throw failed(app, errors);
  const fresh = readTree(copy.output);
  requireOutput(fresh, old, input);
  return treeDrift(old, fresh);
}
