/**
 * `clrk apply -f`: server-side apply under the field manager `clrk-cli`. One refused object does not stop the others;
 * each is reported and the exit code tells. It never takes a field from another manager unless asked.
 */
import { renderError, ClrkError, terminalLine } from '../../contract/index.ts';
import { Applier, type DryRun } from '../cluster/applier.ts';
import { openCluster, type ClusterFlags } from '../cluster/open-cluster.ts';
import { exitCode, usageError } from '../exit-code.ts';
import { notice, printLine, readAll, type Io } from '../io.ts';
import { readManifests } from '../manifest-files.ts';
import { clusterFlags, examples, type AddCommand } from './command.ts';

const dryRunModes: readonly DryRun[] = ['none', 'client', 'server'];

interface ApplyOptions extends ClusterFlags {
  readonly filename: readonly string[];
  readonly recursive?: boolean;
  readonly dryRun: string;
  readonly forceConflicts?: boolean;
  readonly fieldManager: string;
}

const maxStdinBytes = 16 * 1024 * 1024;

export async function runApply(io: Io, options: ApplyOptions): Promise<number> {
  const dryRun = dryRunModes.find((mode) => mode === options.dryRun);
  if (dryRun === undefined)
    throw usageError(`--dry-run=${options.dryRun} is not one of none, client, server`);
  const stdin = options.filename.includes('-') ? await readAll(io.stdin, maxStdinBytes) : Buffer.alloc(0);
  if (stdin === undefined) throw usageError('stdin is larger than 16 MiB');
  const manifests = readManifests(options.filename, options.recursive ?? false, stdin.toString('utf8'));
  const applier = new Applier(await openCluster(io, options), io, { ...options, dryRun });
  let refused = 0;
  for (const manifest of manifests) {
    io.interruption().throwIfAborted();
    try {
      await printLine(io, await applier.apply(manifest));
    } catch (error) {
      // Nothing else will fare better without a server.
      if (error instanceof ClrkError && error.code === 'CLUSTER_UNREACHABLE') throw error;
      refused += 1;
      notice(io, terminalLine(`${manifest.kind}/${manifest.metadata.name}:`));
      notice(io, renderError(error));
    }
  }
  return refused === 0 ? exitCode.ok : exitCode.failure;
}

export const addApply: AddCommand = ({ program, io, setExitCode }) => {
  program
    .command('apply')
    .description('Apply manifests, server-side')
    .addHelpText(
      'before',
      examples(
        'clrk apply -f dist/examples',
        'cdk8s synth -p | clrk apply -f -',
        'clrk apply -f agent.yaml --dry-run=server',
      ),
    )
    .requiredOption('-f, --filename <path>', 'file, directory or - for stdin; may be repeated', collect)
    .option('-R, --recursive', 'go into directories')
    .option('--dry-run <mode>', 'none, client (send nothing) or server (change nothing)', 'none')
    .option('--force-conflicts', 'take over fields another manager owns')
    .option('--field-manager <name>', 'owner of the applied fields', 'clrk-cli')
    .action(async (options: ApplyOptions, command) => {
      setExitCode(await runApply(io, { ...clusterFlags(command), ...options }));
    });
};

function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}
