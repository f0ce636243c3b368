/**
 * `clrk get KIND [NAME]`: our kinds in the server's own columns, and invocations from telemetry. This file parses and
 * routes; get-objects.ts and get-invocations.ts fetch and print.
 */
import { Discovery, isPathName, ownGroup, ownVersion } from '../cluster/discovery.ts';
import { invocationWords, resolveKinds } from '../cluster/kind-name.ts';
import { openCluster, type ClusterFlags } from '../cluster/open-cluster.ts';
import { usageError } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { parseCount, parseSince } from '../time-flag.ts';
import { clusterFlags, examples, type AddCommand } from './command.ts';
import { getInvocations } from './get-invocations.ts';
import { getObjects } from './get-objects.ts';
import { outputFormats, type GetRequest, type OutputFormat, type RecordSelection } from './get-request.ts';

interface GetOptions extends ClusterFlags {
  readonly output?: string;
  readonly allNamespaces?: boolean;
  readonly selector?: string;
  readonly watch?: boolean;
  readonly limit?: string;
  readonly since?: string;
  readonly until?: string;
  readonly phase?: string;
  readonly agent?: string;
}

const defaultInvocations = 500;
const maxInvocations = 50_000;
/** Flags that mean nothing for objects of the API server. */
const recordFlags = ['limit', 'since', 'until', 'phase', 'agent'] as const;

function parseSelection(options: GetOptions, now: Date): RecordSelection {
  const limit = options.limit === undefined ? defaultInvocations : parseCount(options.limit);
  if (limit < 1 || limit > maxInvocations) throw usageError(`--limit takes 1 to ${maxInvocations}`);
  return {
    limit,
    since: options.since === undefined ? undefined : parseSince(options.since, now),
    until: options.until === undefined ? undefined : parseSince(options.until, now),
    phase: options.phase,
    agent: options.agent,
  };
}

function parseFormat(output: string | undefined): OutputFormat {
  if (output === undefined) return 'table';
  const format = outputFormats.find((each) => each === output);
  if (format === undefined)
    throw usageError(`there is no output format "${output}"`, `There are ${outputFormats.join(', ')}.`);
  return format;
}

/** `KIND NAME…` and `KIND/NAME`. */
export function parseGetArguments(words: readonly string[]): {
  readonly kinds: readonly string[];
  readonly names: readonly string[];
} {
  const [first = '', ...names] = words;
  const slash = first.indexOf('/');
  if (slash >= 0 && names.length > 0) throw usageError('give KIND/NAME or KIND NAME, not both');
  const named = slash < 0 ? names : [first.slice(slash + 1)];
  const unfit = named.find((name) => !isPathName(name));
  if (unfit !== undefined) throw usageError(`"${unfit}" is no name`, 'For example: clrk get ta/hello.');
  const kinds = slash < 0 ? first.split(',') : [first.slice(0, slash)];
  return { kinds: kinds.filter((kind) => kind !== ''), names: named };
}

export async function runGet(io: Io, words: readonly string[], options: GetOptions): Promise<void> {
  const { kinds, names } = parseGetArguments(words);
  if (kinds.length === 0) throw usageError('name a kind', 'For example: clrk get taskagents.');
  if (kinds.length > 1 && names.length > 0) throw usageError('names go with one kind only');
  if (names.length > 0 && options.allNamespaces === true) {
    throw usageError('a name and --all-namespaces do not go together');
  }
  const request: GetRequest = {
    names,
    format: parseFormat(options.output),
    allNamespaces: options.allNamespaces ?? false,
    selector: options.selector,
    watch: options.watch ?? false,
    records: parseSelection(options, io.now()),
  };
  const cluster = await openCluster(io, options);
  if (kinds.every((kind) => invocationWords.has(kind.toLowerCase()))) {
    return await getInvocations(io, cluster, request);
  }
  const foreign = recordFlags.find((flag) => options[flag] !== undefined);
  if (foreign !== undefined) throw usageError(`--${foreign} is for invocations alone`);
  const known = await new Discovery(cluster).list(`${ownGroup}/${ownVersion}`);
  const resources = [...new Set(kinds.flatMap((kind) => resolveKinds(kind, known)))];
  await getObjects(io, cluster, resources, request);
}

export const addGet: AddCommand = ({ program, io }) => {
  program
    .command('get <kind> [names...]')
    .description('Show objects of our kinds, or invocations')
    .addHelpText(
      'before',
      examples(
        'clrk get taskagents',
        'clrk get ta hello -o yaml',
        'clrk get wp,egw -A',
        'clrk get invocations -w',
        'clrk get invocations --phase Failed,Timeout --since 1h --agent hello',
        'clrk get clrk            # every kind of ours',
      ),
    )
    .option('-o, --output <format>', outputFormats.filter((format) => format !== 'table').join(', '))
    .option('-A, --all-namespaces', 'of every namespace')
    .option('-l, --selector <labels>', 'only objects with these labels')
    .option('-w, --watch', 'keep showing changes until Ctrl-C')
    .option('--limit <count>', `of invocations: the newest so many (default ${defaultInvocations})`)
    .option('--since <duration|time>', 'of invocations: made since then')
    .option('--until <duration|time>', 'of invocations: made before then')
    .option('--phase <phases>', 'of invocations: in one of these, comma-separated')
    .option('--agent <name>', 'of invocations: this agent’s')
    .action(async (kind: string, names: string[], options: GetOptions, command) => {
      await runGet(io, [kind, ...names], { ...clusterFlags(command), ...options });
    });
};
