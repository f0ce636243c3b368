/** `clrk get invocations [ID…]`: the record of what ran, from telemetry, with the columns of our own row. */
import { ClrkError, type Invocation } from '../../contract/index.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { TelemetryClient } from '../cluster/telemetry-client.ts';
import { usageError } from '../exit-code.ts';
import { notice, pause, printForeign, type Io } from '../io.ts';
import { renderInvocationRows } from '../render/invocation-row.ts';
import { renderObjects } from '../render/object-list.ts';
import type { GetRequest, RecordSelection } from './get-request.ts';

/** The most one answer of the read API holds (telemetry/read/read-request.ts). */
const maxPage = 1_000;
/** Telemetry batches inserts for a second; asking more often shows nothing new. */
const watchIntervalMs = 2_000;

async function namespacesOf(cluster: Cluster, request: GetRequest): Promise<readonly string[]> {
  if (!request.allNamespaces) return [cluster.namespace];
  const list = (await cluster.json({ path: '/api/v1/namespaces' })) as {
    items: ReadonlyArray<{ metadata: { name: string } }>;
  };
  return list.items.map((item) => item.metadata.name);
}

async function fetchNamed(
  client: TelemetryClient,
  namespace: string,
  ids: readonly string[],
  signal: AbortSignal,
) {
  const found: Invocation[] = [];
  for (const id of ids) {
    const invocations = await client.invocation(namespace, id, signal);
    if (invocations.length === 0) {
      throw new ClrkError('NOT_FOUND', `no invocation "${id}" in namespace ${namespace}`, {
        hint: 'A record appears about a second after the call, and is gone after as many days as the installation keeps it (90 in a new one).',
      });
    }
    found.push(...invocations);
  }
  return found;
}

function byCreation(a: Invocation, b: Invocation): number {
  return a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1;
}

interface Fetched {
  readonly invocations: Invocation[];
  /** There are older ones. */
  readonly isCut: boolean;
}

async function fetchPages(
  client: TelemetryClient,
  namespace: string,
  { limit, ...filter }: RecordSelection,
  signal: AbortSignal,
): Promise<Fetched> {
  const invocations: Invocation[] = [];
  let next: string | undefined;
  do {
    const most = Math.min(maxPage, limit - invocations.length);
    const page = await client.invocations(namespace, { ...filter, limit: most, continue: next }, signal);
    invocations.push(...page.invocations);
    next = page.next;
  } while (next !== undefined && invocations.length < limit);
  return { invocations, isCut: next !== undefined };
}

async function fetchInvocations(
  cluster: Cluster,
  client: TelemetryClient,
  request: GetRequest,
  signal: AbortSignal,
): Promise<Fetched> {
  if (request.names.length > 0) {
    return { invocations: await fetchNamed(client, cluster.namespace, request.names, signal), isCut: false };
  }
  const found: Invocation[] = [];
  let isCut = false;
  for (const namespace of await namespacesOf(cluster, request)) {
    const fetched = await fetchPages(client, namespace, request.records, signal);
    found.push(...fetched.invocations);
    isCut ||= fetched.isCut;
  }
  return { invocations: found.sort(byCreation), isCut };
}

function render(io: Io, invocations: readonly Invocation[], request: GetRequest, headers: boolean): string {
  const { format, allNamespaces } = request;
  if (format === 'json' || format === 'yaml')
    return renderObjects(invocations, format, request.names.length === 1);
  if (format === 'name') return invocations.map((each) => `invocation/${each.metadata.name}`).join('\n');
  return renderInvocationRows(invocations, {
    now: io.now(),
    wide: format === 'wide',
    allNamespaces,
    headers,
  });
}

async function watch(io: Io, fetch: () => Promise<Fetched>, request: GetRequest): Promise<void> {
  const shown = new Map<string, string>();
  let headers = true;
  while (!io.interruption().aborted) {
    const { invocations: current } = await fetch();
    const changed = current.filter((each) => shown.get(each.metadata.uid) !== each.status.phase);
    // Only what the page still holds: the memory of a long watch stays bounded.
    shown.clear();
    for (const each of current) shown.set(each.metadata.uid, each.status.phase);
    if (changed.length > 0) {
      await printForeign(
        io,
        render(io, changed, request, headers),
        request.format === 'json' ? 'json' : 'text',
      );
      headers = false;
    }
    await pause(watchIntervalMs, io.interruption());
  }
}

export async function getInvocations(io: Io, cluster: Cluster, request: GetRequest): Promise<void> {
  if (request.selector !== undefined) throw usageError('invocations have no labels to select by');
  const client = new TelemetryClient(cluster, io);
  const fetch = (): Promise<Fetched> => fetchInvocations(cluster, client, request, io.interruption());
  if (request.watch) return await watch(io, fetch, request);
  const { invocations, isCut } = await fetch();
  if (invocations.length === 0 && (request.format === 'table' || request.format === 'wide')) {
    return notice(
      io,
      `No invocations found${request.allNamespaces ? '.' : ` in ${cluster.namespace} namespace.`}`,
    );
  }
  const text = render(io, invocations, request, true);
  if (text !== '') await printForeign(io, text, request.format === 'json' ? 'json' : 'text');
  if (isCut) {
    const { limit } = request.records;
    notice(io, `the newest ${limit}; there are older ones: --limit N, --since, --until, --phase or --agent`);
  }
}
