/** `clrk events [KIND/NAME]`: what the platform said of our objects, the newest last. */
import { renderAge } from '../../contract/index.ts';
import { Discovery, ownGroup, ownVersion, resourcePath, type Resource } from '../cluster/discovery.ts';
import { eventCount, eventTime, readEvents, type EventObject } from '../cluster/events.ts';
import { resolveKinds } from '../cluster/kind-name.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { openCluster, type ClusterFlags } from '../cluster/open-cluster.ts';
import { usageError } from '../exit-code.ts';
import { notice, printLine, type Io } from '../io.ts';
import type { KubernetesObject } from '../render/object-list.ts';
import { renderTable } from '../render/table.ts';
import { clusterFlags, examples, type AddCommand } from './command.ts';
import { parseGetArguments } from './get.ts';
import { parseObjectFormat, printObjects } from './object-output.ts';

interface EventsOptions extends ClusterFlags {
  readonly allNamespaces?: boolean;
  readonly type?: string;
  readonly output?: string;
}

export function eventRows(events: readonly EventObject[], now: Date): readonly (readonly string[])[] {
  return events.map((event) => {
    const { regarding, type = '', reason = '', note = '' } = event;
    const count = eventCount(event);
    const seen = renderAge(eventTime(event), now);
    return [
      count > 1 ? `${seen} (x${count})` : seen,
      type,
      reason,
      `${(regarding?.kind ?? '').toLowerCase()}/${regarding?.name ?? ''}`,
      note,
    ];
  });
}

const eventHeaders = ['LAST-SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE'];

interface Asked {
  readonly resource?: Resource;
  readonly name?: string;
}

async function askedFor(words: readonly string[], discovery: Discovery): Promise<Asked> {
  if (words.length === 0) return {};
  const { kinds, names } = parseGetArguments(words);
  const [kind = ''] = kinds;
  const [name] = names;
  const [resource, ...more] = resolveKinds(kind, await discovery.list(`${ownGroup}/${ownVersion}`));
  if (resource === undefined || more.length > 0 || names.length > 1) {
    throw usageError('name one kind, or one object', 'For example: clrk events ta/hello.');
  }
  return { resource, ...(name === undefined ? {} : { name }) };
}

/** Events outlive their object: whether there is one is asked when nothing was found, so that a typing error is not taken for silence. */
async function sayNone(io: Io, cluster: Cluster, { resource, name }: Asked): Promise<void> {
  if (resource === undefined || name === undefined) return notice(io, 'No events of our kinds.');
  await cluster.json({ path: resourcePath(resource, cluster.namespace, name), signal: io.interruption() });
  notice(io, `No events of ${resource.singular}/${name} in namespace ${cluster.namespace}.`);
}

/** Throws USAGE. */
function checkWords(words: readonly string[], { type, allNamespaces = false }: EventsOptions): void {
  if (![undefined, 'Normal', 'Warning'].includes(type)) throw usageError('--type takes Normal or Warning');
  const isNamed = words.some((word, at) => at > 0 || word.includes('/'));
  if (allNamespaces && isNamed) throw usageError('a name and --all-namespaces do not go together');
}

async function readAsked(
  io: Io,
  cluster: Cluster,
  { resource, name, all }: Asked & { readonly all: boolean },
): Promise<readonly EventObject[]> {
  const { events, isCut } = await readEvents(cluster, {
    ...{ namespace: all ? undefined : cluster.namespace, signal: io.interruption() },
    ...(resource === undefined ? {} : { kind: resource.kind }),
    ...(name === undefined ? {} : { name }),
  });
  if (isCut) notice(io, 'There are more events than were looked at: ask in one namespace.');
  return events;
}

async function printEvents(io: Io, events: readonly EventObject[], withNamespace: boolean): Promise<void> {
  const rows = eventRows(events, io.now());
  const where = events.map(({ metadata }) => metadata.namespace ?? '');
  const table = withNamespace
    ? { headers: ['NAMESPACE', ...eventHeaders], rows: rows.map((row, at) => [where[at] ?? '', ...row]) }
    : { headers: eventHeaders, rows };
  await printLine(io, renderTable(table));
}

export async function runEvents(io: Io, words: readonly string[], options: EventsOptions): Promise<void> {
  const { type, allNamespaces: all = false } = options;
  const format = parseObjectFormat(options.output);
  checkWords(words, options);
  const cluster = await openCluster(io, options);
  const asked = await askedFor(words, new Discovery(cluster));
  const events = await readAsked(io, cluster, { ...asked, all });
  const found = events.filter((event) => type === undefined || event.type === type);
  if (format !== undefined) {
    return await printObjects(io, found as unknown as readonly KubernetesObject[], format);
  }
  await (found.length === 0 ? sayNone(io, cluster, asked) : printEvents(io, found, all));
}

export const addEvents: AddCommand = ({ program, io }) => {
  program
    .command('events [kind] [name]')
    .description('Show what the platform said of our objects')
    .addHelpText(
      'before',
      examples(
        'clrk events',
        'clrk events ta/hello',
        'clrk events egw main --type Warning',
        'clrk events -A -o json',
      ),
    )
    .option('-A, --all-namespaces', 'of every namespace')
    .option('--type <type>', 'Normal or Warning alone')
    .option('-o, --output <format>', 'json or yaml')
    .action(async (kind: string | undefined, name: string | undefined, options: EventsOptions, command) => {
      const words = [kind, name].flatMap((word) => word ?? []);
      await runEvents(io, words, { ...clusterFlags(command), ...options });
    });
};
