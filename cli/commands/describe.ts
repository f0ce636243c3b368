/**
 * `clrk describe KIND NAME`: one object, how it stands and why, what it names and what names it, and its events. What this person may
 * not read of it is said, not left out without a word.
 */
import { kinds as ownKinds } from '../../api/index.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { Discovery, ownGroup, ownVersion, resourcePath, type Resource } from '../cluster/discovery.ts';
import { readEvents } from '../cluster/events.ts';
import { resolveKinds } from '../cluster/kind-name.ts';
import { listAll, noObjects } from '../cluster/list-all.ts';
import { tolerate } from '../cluster/tolerate.ts';
import { openCluster, type ClusterFlags } from '../cluster/open-cluster.ts';
import { renderDescription, type Described } from '../describe/description.ts';
import { referencesOf } from '../describe/reference.ts';
import { usageError } from '../exit-code.ts';
import { notice, printForeign, type Io } from '../io.ts';
import type { KubernetesObject } from '../render/object-list.ts';
import { clusterFlags, examples, type AddCommand } from './command.ts';
import { eventRows } from './events.ts';
import { parseGetArguments } from './get.ts';
import { parseObjectFormat, printObjects } from './object-output.ts';

interface DescribeOptions extends ClusterFlags {
  readonly output?: string;
}

type Referrer = Described['referredBy'][number];

async function referrers(
  say: (line: string) => void,
  cluster: Cluster,
  resources: readonly Resource[],
  asked: { readonly kind: string; readonly name: string },
): Promise<readonly Referrer[]> {
  const known = new Set(ownKinds.map(({ kind }) => kind));
  const ours = resources.filter(({ kind, namespaced }) => namespaced && known.has(kind));
  const groups = await Promise.all(
    ours.map(async (resource) => {
      const path = resourcePath(resource, cluster.namespace);
      const { plural: what } = resource;
      const { objects, isCut } = await tolerate({ what, absent: noObjects, say }, () =>
        listAll(cluster, { path }),
      );
      if (isCut) say(`${what}: only the first ${objects.length} were looked at`);
      return objects.flatMap(({ metadata, spec }) =>
        referencesOf(spec)
          .filter(({ kind, name }) => kind === asked.kind && name === asked.name)
          .map(({ where }) => ({ kind: resource.kind, name: metadata.name, where })),
      );
    }),
  );
  return groups.flat();
}

export async function runDescribe(io: Io, words: readonly string[], options: DescribeOptions): Promise<void> {
  const { kinds, names } = parseGetArguments(words);
  const [kind] = kinds;
  const [name] = names;
  if (kind === undefined || name === undefined || kinds.length > 1 || names.length > 1) {
    throw usageError('name one object', 'For example: clrk describe ta hello.');
  }
  const format = parseObjectFormat(options.output);
  const cluster = await openCluster(io, options);
  const resources = await new Discovery(cluster).list(`${ownGroup}/${ownVersion}`);
  const [resource, ...more] = resolveKinds(kind, resources);
  if (resource === undefined || more.length > 0) {
    throw usageError(`"${kind}" is several kinds`, 'Name one, for example: clrk describe ta hello.');
  }
  const object = (await cluster.json({
    path: resourcePath(resource, cluster.namespace, name),
  })) as KubernetesObject;
  if (format !== undefined) return await printObjects(io, [object], format, true);
  const asked = { kind: resource.kind, name };
  const say = (line: string): void => notice(io, line);
  const [referredBy, { events }] = await Promise.all([
    referrers(say, cluster, resources, asked),
    tolerate({ what: 'events', absent: { events: [], isCut: false }, say }, () =>
      readEvents(cluster, { namespace: cluster.namespace, ...asked }),
    ),
  ]);
  const now = io.now();
  // Which object is known here.
  const rows = eventRows(events, now).map((row) => [...row.slice(0, 3), ...row.slice(4)]);
  const refersTo = referencesOf(object['spec']);
  const text = renderDescription({ object, refersTo, referredBy, events: rows, now });
  await printForeign(io, text, 'text');
}

export const addDescribe: AddCommand = ({ program, io }) => {
  program
    .command('describe <kind> [name]')
    .description('Show one object: conditions, what it names and what names it, events, spec')
    .addHelpText(
      'before',
      examples('clrk describe ta hello', 'clrk describe egw/main', 'clrk describe wp main -n team -o yaml'),
    )
    .option('-o, --output <format>', 'json or yaml: the object itself')
    .action(async (kind: string, name: string | undefined, options: DescribeOptions, command) => {
      const words = name === undefined ? [kind] : [kind, name];
      await runDescribe(io, words, { ...clusterFlags(command), ...options });
    });
};
