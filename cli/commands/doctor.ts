/**
 * `clrk doctor`: is the platform well, and are our objects? Reads only. What it was not allowed to see is said and ends with 3: nobody
 * may take it for well.
 */
import { ClrkError } from '../../contract/index.ts';
import { openCluster, type ClusterFlags } from '../cluster/open-cluster.ts';
import { platformNamespace } from '../cluster/platform-namespace.ts';
import type { Diagnosis } from '../doctor/diagnosis.ts';
import { look } from '../doctor/look.ts';
import { usageError } from '../exit-code.ts';
import { printForeign, printLine, type Io } from '../io.ts';
import { findingLines } from '../render/finding-lines.ts';
import { clusterFlags, examples, type AddCommand } from './command.ts';
import packageJson from '../../package.json' with { type: 'json' };

interface DoctorOptions extends ClusterFlags {
  readonly allNamespaces?: boolean;
  readonly platformNamespace?: string;
  readonly output?: string;
}

/** What is said of some checks at the end. */
function judge(diagnoses: readonly Diagnosis[]): ClrkError | undefined {
  const count = (level: Diagnosis['level']): number =>
    diagnoses.filter((each) => each.level === level).length;
  const [failed, unknown] = [count('error'), count('unknown')];
  if (failed > 0) {
    return new ClrkError('UNHEALTHY', `${failed} of ${diagnoses.length} checks failed`, {
      hint: 'Begin with the first one above: what follows may be its consequence.',
    });
  }
  if (unknown === 0) return undefined;
  return new ClrkError('UNDECIDED', `${unknown} of ${diagnoses.length} checks could not be made`, {
    hint: 'Run it as a user who may read what is named above.',
  });
}

export async function runDoctor(io: Io, options: DoctorOptions): Promise<void> {
  if (options.output !== undefined && options.output !== 'json') throw usageError('-o takes json');
  const cluster = await openCluster(io, options);
  const diagnoses = await look(cluster, {
    platform: options.platformNamespace ?? (await platformNamespace(cluster)),
    namespace: options.allNamespaces === true ? undefined : cluster.namespace,
    program: packageJson.version,
  });
  if (options.output === 'json') await printForeign(io, JSON.stringify(diagnoses, undefined, 2), 'json');
  else {
    for (const line of diagnoses.flatMap(findingLines)) await printLine(io, line);
  }
  const verdict = judge(diagnoses);
  if (verdict !== undefined) throw verdict;
}

export const addDoctor: AddCommand = ({ program, io }) => {
  program
    .command('doctor')
    .description(
      'Say what of the platform and of a namespace’s objects is not well, and what to do; changes nothing',
    )
    .addHelpText('before', examples('clrk doctor', 'clrk doctor -A', 'clrk doctor -n team -o json'))
    .option('-A, --all-namespaces', 'objects of every namespace')
    .option('--platform-namespace <name>', 'where the platform is, when it is not found')
    .option('-o, --output <format>', 'json')
    .action(async (options: DoctorOptions, command) => {
      await runDoctor(io, { ...clusterFlags(command), ...options });
    });
};
