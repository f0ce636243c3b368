/**
 * `clrk token`: a token to read one or more namespaces' records with, for somebody who may not read the platform's Secret.
 * It is good for what it says until it expires and for nothing else; it is printed once and kept nowhere.
 */
import { maxReaderTokenMs, mintReaderToken } from '../../contract/index.ts';
import { openCluster, type ClusterFlags } from '../cluster/open-cluster.ts';
import { readReaderSecret, readerTokenVariable } from '../cluster/telemetry-client.ts';
import { usageError } from '../exit-code.ts';
import { notice, printLine, type Io } from '../io.ts';
import { parseDuration } from '../time-flag.ts';
import { clusterFlags, examples, type AddCommand } from './command.ts';

interface TokenOptions extends ClusterFlags {
  readonly for?: string;
}

const defaultDuration = '8h';

export async function runToken(io: Io, namespaces: readonly string[], options: TokenOptions): Promise<void> {
  const forMs = parseDuration(options.for ?? defaultDuration);
  if (forMs < 1 || forMs > maxReaderTokenMs) throw usageError('--for takes up to 30d');
  const cluster = await openCluster(io, options);
  const of = namespaces.length === 0 ? [cluster.namespace] : namespaces;
  const expiresMs = io.now().getTime() + forMs;
  const token = mintReaderToken(await readReaderSecret(cluster), { namespaces: of, expiresMs });
  notice(io, `${readerTokenVariable} for ${of.join(', ')}, until ${new Date(expiresMs).toISOString()}`);
  await printLine(io, token);
}

export const addToken: AddCommand = ({ program, io }) => {
  program
    .command('token [namespaces...]')
    .description('Make a token to read records of namespaces with, for CLRK_READER_TOKEN')
    .addHelpText(
      'before',
      examples('clrk token team-a', 'export CLRK_READER_TOKEN=$(clrk token team-a --for 24h)'),
    )
    .option('--for <duration>', `how long it is good for (default ${defaultDuration})`)
    .action(async (namespaces: string[], options: TokenOptions, command) => {
      await runToken(io, namespaces, { ...clusterFlags(command), ...options });
    });
};
