/**
 * `clrk support dump`: one file that says how an installation stands, to be read by somebody else. Texts that people wrote are not in it
 * (cli/support/redaction.ts); Secrets and logs are not even read.
 */
import { writeFile } from 'node:fs/promises';
import { ClrkError, errorMessage } from '../../contract/index.ts';
import { openCluster, type ClusterFlags } from '../cluster/open-cluster.ts';
import { platformNamespace } from '../cluster/platform-namespace.ts';
import { notice, printForeign, printLine, type Io } from '../io.ts';
import { collectBundle } from '../support/bundle.ts';
import { clusterFlags, examples, type AddCommand } from './command.ts';
import packageJson from '../../package.json' with { type: 'json' };

interface SupportOptions extends ClusterFlags {
  readonly allNamespaces?: boolean;
  readonly platformNamespace?: string;
  readonly file?: string;
}

const stamp = (now: Date): string => now.toISOString().replaceAll(/[-:]|\.\d+/g, '');

async function keep(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600, flag: 'wx' }).catch((cause: unknown) => {
    throw new ClrkError('FILE_NOT_WRITTEN', `${path} is not written: ${errorMessage(cause)}`, {
      hint: 'Name another file with --file, or - for the standard output.',
      cause,
    });
  });
}

export async function runSupportDump(io: Io, options: SupportOptions): Promise<void> {
  const cluster = await openCluster(io, options);
  const bundle = await collectBundle(cluster, {
    platform: options.platformNamespace ?? (await platformNamespace(cluster)),
    namespace: options.allNamespaces === true ? undefined : cluster.namespace,
    program: packageJson.version,
    ...{ now: io.now(), signal: io.interruption() },
  });
  const text = JSON.stringify(bundle, undefined, 2);
  if (options.file === '-') return await printForeign(io, text, 'json');
  const path = options.file ?? `clrk-support-${stamp(io.now())}.json`;
  await keep(path, `${text}\n`);
  await printLine(io, path);
  notice(
    io,
    'Texts that people wrote are left out, Secrets and logs were not read. Read it before you send it.',
  );
}

export const addSupport: AddCommand = ({ program, io }) => {
  const support = program
    .command('support')
    .description('Gather what somebody needs who is to help, and nothing that is secret')
    .addHelpText(
      'before',
      examples(
        'clrk support dump',
        'clrk support dump -A --file bundle.json',
        'clrk support dump --file - | jq .checks',
      ),
    );
  support
    .command('dump')
    .description('Write one file: objects without their texts, workloads, pods, events, checks')
    .option('-A, --all-namespaces', 'objects of every namespace')
    .option('--platform-namespace <name>', 'where the platform runs; default: it is looked for')
    .option('--file <path>', 'where to; - for the standard output')
    .action(async (options: SupportOptions, command) => {
      await runSupportDump(io, { ...clusterFlags(command), ...options });
    });
};
