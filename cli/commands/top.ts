/**
 * `clrk top agents|pools|gateways`: who used what in the last day, the largest first. The figures are the API's
 * (docs/records.md); this file sorts and prints them.
 */
import { ClrkError, metricsGroupVersion } from '../../contract/index.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { listAll, type Listed } from '../cluster/list-all.ts';
import { openCluster, type ClusterFlags } from '../cluster/open-cluster.ts';
import { usageError } from '../exit-code.ts';
import { notice, printLine, type Io } from '../io.ts';
import type { KubernetesObject } from '../render/object-list.ts';
import { renderTable } from '../render/table.ts';
import { clusterFlags, examples, type AddCommand } from './command.ts';
import { parseObjectFormat, printObjects } from './object-output.ts';

interface TopOptions extends ClusterFlags {
  readonly allNamespaces?: boolean;
  readonly sort?: string;
  readonly output?: string;
}

interface Column {
  readonly header: string;
  readonly key: string;
}

interface Subject {
  readonly plurals: readonly string[];
  readonly columns: readonly Column[];
}

const column = (header: string, key: string): Column => ({ header, key });
const ofModels = [
  column('INPUT', 'input_tokens'),
  column('OUTPUT', 'output_tokens'),
  column('COST', 'cost_usd'),
];

const subjects: Readonly<Record<string, Subject>> = {
  agents: {
    plurals: ['taskagentmetrics', 'daemonagentmetrics'],
    columns: [
      column('CALLS', 'invocations'),
      column('ERRORS', 'errors'),
      column('RUNNING', 'running'),
      ...ofModels,
      column('TOOLS', 'tool_calls'),
      column('P50', 'latency_p50_ms'),
      column('P99', 'latency_p99_ms'),
    ],
  },
  gateways: {
    plurals: ['egressgatewaymetrics'],
    columns: [
      column('CALLS', 'requests'),
      column('DENIED', 'denied'),
      column('4XX', 'status_4xx'),
      column('5XX', 'status_5xx'),
      ...ofModels,
    ],
  },
  pools: {
    plurals: ['workerpoolmetrics'],
    columns: [
      column('CALLS', 'dispatches'),
      column('ERRORS', 'dispatch_errors'),
      column('P50', 'dispatch_latency_p50_ms'),
      column('P99', 'dispatch_latency_p99_ms'),
    ],
  },
};

function kindOf({ kind }: KubernetesObject): string {
  return typeof kind === 'string' ? kind.replace(/Metrics$/, '') : '';
}

function figureOf(object: KubernetesObject, key: string): string {
  const usage = object['usage'];
  const value = typeof usage === 'object' && usage !== null ? (usage as Record<string, unknown>)[key] : '';
  return typeof value === 'string' ? value : '';
}

function subjectOf(word: string): Subject {
  const subject = Object.hasOwn(subjects, word) ? subjects[word] : undefined;
  if (subject !== undefined) return subject;
  throw usageError(`"${word}" is nothing to look at`, `There are ${Object.keys(subjects).join(', ')}.`);
}

function sortColumn({ columns }: Subject, word: string | undefined): Column {
  const [first] = columns;
  const found = word === undefined ? first : columns.find(({ header }) => header.toLowerCase() === word);
  if (found !== undefined) return found;
  const known = columns.map(({ header }) => header.toLowerCase()).join(', ');
  throw usageError(`there is no column "${word ?? ''}"`, `There are ${known}.`);
}

async function read(cluster: Cluster, plural: string, options: TopOptions): Promise<Listed> {
  const scope = options.allNamespaces === true ? '' : `/namespaces/${encodeURIComponent(cluster.namespace)}`;
  const path = `/apis/${metricsGroupVersion}${scope}/${plural}`;
  return await listAll(cluster, { path }).catch((thrown: unknown) => {
    if (!(thrown instanceof ClrkError) || thrown.code !== 'NOT_FOUND') throw thrown;
    throw new ClrkError('METRICS_ABSENT', 'the cluster does not serve figures of agents', {
      hint: 'It is there when telemetry is: see `clrk doctor` and docs/records.md.',
      cause: thrown,
    });
  });
}

function compare(sort: Column): (a: KubernetesObject, b: KubernetesObject) => number {
  const name = ({ metadata }: KubernetesObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;
  return (a, b) =>
    Number(figureOf(b, sort.key)) - Number(figureOf(a, sort.key)) || (name(a) < name(b) ? -1 : 1);
}

async function show(io: Io, subject: Subject, found: readonly KubernetesObject[], options: TopOptions) {
  const { columns, plurals } = subject;
  const withKind = plurals.length > 1;
  const rows = found.map((object) => [
    ...(options.allNamespaces === true ? [object.metadata.namespace ?? ''] : []),
    ...(withKind ? [kindOf(object)] : []),
    object.metadata.name,
    ...columns.map(({ key }) => figureOf(object, key)),
  ]);
  const headers = [
    ...(options.allNamespaces === true ? ['NAMESPACE'] : []),
    ...(withKind ? ['KIND'] : []),
    'NAME',
    ...columns.map(({ header }) => header),
  ];
  await printLine(io, renderTable({ headers, rows }));
}

export async function runTop(io: Io, word: string, options: TopOptions): Promise<void> {
  const subject = subjectOf(word);
  const sort = sortColumn(subject, options.sort?.toLowerCase());
  const format = parseObjectFormat(options.output);
  const cluster = await openCluster(io, options);
  const groups = await Promise.all(subject.plurals.map((plural) => read(cluster, plural, options)));
  // The largest of some is not the largest of all.
  for (const each of new Set(groups.flatMap(({ warnings }) => warnings))) notice(io, `Warning: ${each}`);
  const found = groups.flatMap(({ objects }) => objects).toSorted(compare(sort));
  if (format !== undefined) return await printObjects(io, found, format);
  if (found.length > 0) return await show(io, subject, found, options);
  const where = options.allNamespaces === true ? '' : ` in namespace ${cluster.namespace}`;
  notice(io, `No ${word}${where} left a record in the last day.`);
}

export const addTop: AddCommand = ({ program, io }) => {
  program
    .command('top [agents|gateways|pools]')
    .description('Show calls, errors, tokens and cost of the last day, the largest first')
    .addHelpText(
      'before',
      examples('clrk top', 'clrk top agents --sort cost -A', 'clrk top gateways', 'clrk top pools -o json'),
    )
    .option('-A, --all-namespaces', 'of every namespace')
    .option('--sort <column>', 'by this column; default: calls')
    .option('-o, --output <format>', 'json or yaml')
    .action(async (word: string | undefined, options: TopOptions, command) => {
      await runTop(io, word ?? 'agents', { ...clusterFlags(command), ...options });
    });
};
