/** `clrk events [KIND/NAME]`: what the platform said of our objects, the newest last. */
import { renderAge } from '../../contract/index.ts';
import { Discovery, ownGroup, ownVersion } from '../cluster/discovery.ts';
import { eventCount, eventTime, readEvents, type EventObject } from '../cluster/events.ts';
import { resolveKinds } from '../cluster/kind-name.ts';
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

export const eventHeaders = ['LAST-SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE'];

async function kindAndName(
  words: readonly string[],
  discovery: Discovery,
): Promise<{ readonly kind?: string; readonly name?: string }> {
  if (words.length === 0) return {};
  const { kinds, names } = parseGetArguments(words);
  const [kind = ''] = kinds;
  const [name] = names;
  const [resource, ...more] = resolveKinds(kind, await discovery.list(`${ownGroup}/${ownVersion}`));
  if (resource === undefined || more.length > 0 || names.length > 1) {
    throw usageError('name one kind, or one object', 'For example: clrk events ta/hello.');
  }
  return { kind: resource.kind, ...(name === undefined ? {} : { name }) };
}

export async function runEvents(io: Io, words: readonly string[], options: EventsOptions): Promise<void> {
  const { type, allNamespaces = false } = options;
  const format = parseObjectFormat(options.output);
  if (![undefined, 'Normal', 'Warning'].includes(type)) throw usageError('--type takes Normal or Warning');
  const cluster = await openCluster(io, options);
  const asked = await kindAndName(words, new Discovery(cluster));
  const namespace = allNamespaces ? undefined : cluster.namespace;
  const { events, isCut } = await readEvents(cluster, { namespace, ...asked, signal: io.interruption() });
  const found = events.filter((event) => type === undefined || event.type === type);
  if (isCut) notice(io, 'There are more events than were looked at: ask in one namespace.');
  if (format !== undefined) {
    return await printObjects(io, found as unknown as readonly KubernetesObject[], format);
  }
  if (found.length === 0) return notice(io, 'No events of our kinds.');
  const rows = eventRows(found, io.now());
  const where = found.map(({ metadata }) => metadata.namespace ?? '');
  const table = allNamespaces
    ? { headers: ['NAMESPACE', ...eventHeaders], rows: rows.map((row, at) => [where[at] ?? '', ...row]) }
    : { headers: eventHeaders, rows };
  await printLine(io, renderTable(table));
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
