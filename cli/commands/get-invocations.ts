/** `clrk get invocations [ID…]`: the record of what ran, from telemetry, with the columns of our own row. */
import { ClrkError, type Invocation } from '../../contract/index.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { TelemetryClient } from '../cluster/telemetry-client.ts';
import { usageError } from '../exit-code.ts';
import { notice, pause, printLine, type Io } from '../io.ts';
import { renderInvocationRows } from '../render/invocation-row.ts';
import { renderObjects } from '../render/object-list.ts';
import type { GetRequest } from './get-request.ts';

const limit = 500;
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
    const invocation = await client.invocation(namespace, id, signal);
    if (invocation === undefined) {
      throw new ClrkError('NOT_FOUND', `no invocation "${id}" in namespace ${namespace}`, {
        hint: 'A record appears about a second after the call; older than 90 days it is gone.',
      });
    }
    found.push(invocation);
  }
  return found;
}

function byCreation(a: Invocation, b: Invocation): number {
  return a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1;
}

async function fetchInvocations(
  cluster: Cluster,
  client: TelemetryClient,
  request: GetRequest,
  signal: AbortSignal,
) {
  if (request.names.length > 0) return await fetchNamed(client, cluster.namespace, request.names, signal);
  const found: Invocation[] = [];
  for (const namespace of await namespacesOf(cluster, request)) {
    found.push(...(await client.invocations(namespace, { limit }, signal)));
  }
  return found.sort(byCreation);
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

async function watch(io: Io, fetch: () => Promise<Invocation[]>, request: GetRequest): Promise<void> {
  const shown = new Map<string, string>();
  let headers = true;
  while (!io.interruption().aborted) {
    const current = await fetch();
    const changed = current.filter((each) => shown.get(each.metadata.uid) !== each.status.phase);
    // Only what the page still holds: the memory of a long watch stays bounded.
    shown.clear();
    for (const each of current) shown.set(each.metadata.uid, each.status.phase);
    if (changed.length > 0) {
      await printLine(io, render(io, changed, request, headers));
      headers = false;
    }
    await pause(watchIntervalMs, io.interruption());
  }
}

export async function getInvocations(io: Io, cluster: Cluster, request: GetRequest): Promise<void> {
  if (request.selector !== undefined) throw usageError('invocations have no labels to select by');
  const client = new TelemetryClient(cluster);
  const fetch = (): Promise<Invocation[]> => fetchInvocations(cluster, client, request, io.interruption());
  if (request.watch) return await watch(io, fetch, request);
  const invocations = await fetch();
  if (invocations.length === 0 && (request.format === 'table' || request.format === 'wide')) {
    return notice(
      io,
      `No invocations found${request.allNamespaces ? '.' : ` in ${cluster.namespace} namespace.`}`,
    );
  }
  const text = render(io, invocations, request, true);
  if (text !== '') await printLine(io, text);
}
