/**
 * `clrk drift [PATH]`: is git what the program says, and is the cluster what git says? It changes nothing. Exit code 0
 * without drift, 2 with, 3 when it could not decide; 1 is left to findings (`clrk validate`).
 */
import { ClrkError, terminalLine } from '../../contract/index.ts';
import { loadManifests, renderName, type Manifest, type TreeDrift } from '../../policy/index.ts';
import { openCluster, type ClusterFlags } from '../cluster/open-cluster.ts';
import { computeClusterDrift, type ClusterDrift } from '../drift/cluster-drift.ts';
import { computeSynthDrift } from '../drift/synth-drift.ts';
import { usageError } from '../exit-code.ts';
import { printLine, type Io } from '../io.ts';
import { readSynthConfig, type SynthConfig } from '../reach/synth-output.ts';
import { tellUndecided, undecided } from '../reach/undecided.ts';
import { clusterFlags, examples, type AddCommand } from './command.ts';

const driftExitCode = 2;

interface DriftOptions extends ClusterFlags {
  readonly output?: string;
  /** commander's `--no-…` flags: true unless given. */
  readonly synth: boolean;
  readonly cluster: boolean;
  readonly fieldManager: string;
}

interface Drift {
  readonly synth: readonly TreeDrift[];
  readonly cluster: readonly ClusterDrift[];
}

function readOneSet(path: string): readonly Manifest[] {
  const { manifests, problems } = loadManifests([path]);
  const lines = problems.map(
    ({ location: { file, line, column }, message }) => `${file}:${line}:${column}: ${message}`,
  );
  const seen = new Map<string, Manifest>();
  for (const manifest of manifests) {
    const key = `${manifest.apiVersion} ${renderName(manifest)}`;
    const first = seen.get(key)?.locate([]);
    const { file, line } = manifest.locate([]);
    if (first !== undefined)
      lines.push(`${file}:${line}: ${renderName(manifest)} is also at ${first.file}:${first.line}`);
    seen.set(key, manifest);
  }
  const hint = 'Name the one folder that is applied to this cluster.';
  if (lines.length > 0) throw undecided('MANIFESTS_INVALID', lines, hint);
  if (manifests.length === 0)
    throw undecided('MANIFESTS_MISSING', [`there are no manifests in ${path}`], hint);
  return manifests;
}

/** Without a cluster nothing can be said about it: that is no drift and no success. */
async function clusterDrift(io: Io, path: string, options: DriftOptions): Promise<readonly ClusterDrift[]> {
  const manifests = readOneSet(path);
  try {
    const cluster = await openCluster(io, options);
    const { fieldManager } = options;
    return await computeClusterDrift({ cluster, manifests, fieldManager, signal: io.interruption() });
  } catch (error) {
    if (!(error instanceof ClrkError) || 'lines' in error) throw error;
    throw undecided(error.code, [error.message], error.hint ?? 'Or look at git alone with --no-cluster.');
  }
}

function renderDrift({ synth, cluster }: Drift, path: string): string {
  const lines = [
    ...synth.map(({ path: file, change, fields }) => {
      const where = fields.length === 0 ? '' : ` (${fields.join(', ')})`;
      return `${path}/${file}: ${change}: \`cdk8s synth\` gives something else${where}`;
    }),
    ...cluster.map(({ object, change, paths, place }) => {
      const where = paths.length === 0 ? '' : `: ${paths.join(', ')}`;
      return `${object}: ${change}${change === 'changed' ? ' in the cluster' : ''}${where}${place === undefined ? '' : ` [${place}]`}`;
    }),
  ];
  return lines.length === 0 ? 'no drift' : [...lines, `${lines.length} drifted`].map(terminalLine).join('\n');
}

async function synthDrift({ app, output }: SynthConfig): Promise<Drift['synth']> {
  if (app === undefined) {
    throw undecided(
      'SYNTH_FAILED',
      ['there is no cdk8s.yaml with an app here'],
      'Go to the project, or give --no-synth.',
    );
  }
  return computeSynthDrift({ app, directory: process.cwd(), committed: output });
}

async function decide(io: Io, given: string | undefined, options: DriftOptions): Promise<number> {
  const { output: format } = options;
  if (format !== undefined && format !== 'json')
    throw usageError(`drift has no output format "${format}"`, 'There is json.');
  const config = readSynthConfig('cdk8s.yaml');
  const path = given ?? config.output;
  const synth = options.synth ? await synthDrift(config) : [];
  const cluster = options.cluster ? await clusterDrift(io, path, options) : [];
  const count = synth.length + cluster.length;
  const text =
    format === 'json'
      ? JSON.stringify({ version: 1, drift: count, synth, cluster }, null, 2)
      : renderDrift({ synth, cluster }, config.output);
  await printLine(io, text);
  return count === 0 ? 0 : driftExitCode;
}

export async function runDrift(io: Io, path: string | undefined, options: DriftOptions): Promise<number> {
  return await tellUndecided(io, () => decide(io, path, options));
}

export const addDrift: AddCommand = ({ program, io, setExitCode }) => {
  program
    .command('drift [path]')
    .description('Compare the manifests with a fresh synth and with the cluster; changes nothing')
    .addHelpText(
      'before',
      examples(
        'clrk drift dist/examples',
        'clrk drift --no-cluster',
        'clrk drift dist/prod --no-synth -o json',
      ),
    )
    .addHelpText('after', '\nExit codes of drift: 0 none, 2 drift, 3 could not decide.')
    .option('-o, --output <format>', 'json')
    .option('--no-synth', 'leave out the fresh synth')
    .option('--no-cluster', 'leave out the cluster')
    .option('--field-manager <name>', 'who applies the manifests', 'clrk-cli')
    .action(async (path: string | undefined, options: DriftOptions, command) => {
      setExitCode(await runDrift(io, path, { ...clusterFlags(command), ...options }));
    });
};
