/** The committed output against what the project's own program synthesizes now, in a temporary folder. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { treeDrift, type TreeDrift } from '../../policy/index.ts';
import { undecided } from '../reach/undecided.ts';

const maxErrorBytes = 8 * 1024;
/** Positions of constructs: beside the manifests, never committed. */
const notCommitted = new Set(['clrk-sources.json', '.gitignore', 'construct-metadata.json']);

function readTree(folder: string): Map<string, string> {
  if (!existsSync(folder)) return new Map();
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !notCommitted.has(entry.name),
  );
  return new Map(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [relative(folder, path), readFileSync(path, 'utf8')];
    }),
  );
}

interface Ended {
  readonly code: number | null;
  readonly errors: string;
}

/** The program is the project's own, from its cdk8s.yaml; cdk8s runs it through a shell too. */
function runApp(app: string, directory: string, output: string): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const environment = { ...process.env, CDK8S_OUTDIR: output };
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
    child.once('close', (code) => resolve({ code, errors }));
  });
}

export interface SynthInput {
  readonly app: string;
  /** Where cdk8s.yaml is. */
  readonly directory: string;
  readonly committed: string;
}

export async function computeSynthDrift({ app, directory, committed }: SynthInput): Promise<TreeDrift[]> {
  const output = mkdtempSync(join(tmpdir(), 'clrk-drift-'));
  try {
    const { code, errors } = await runApp(app, directory, output);
    if (code !== 0) {
      const lines = errors.trim().split('\n');
      const why = lines.find((line) => /^\s*\w*Error\b/.test(line)) ?? lines.at(-1) ?? '';
      throw undecided(
        'SYNTH_FAILED',
        [`synth failed (${app}): ${why.trim()}`],
        'Run `cdk8s synth` to see all of it.',
      );
    }
    return treeDrift(readTree(committed), readTree(output));
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}
