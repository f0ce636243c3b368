/** Fetches and prints objects of our kinds: tables as the server lays them out, lists by pages, watches that resume. */
import { createInterface } from 'node:readline';
import { ClrkError } from '../../contract/index.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { objectName, resourcePath, type Resource } from '../cluster/discovery.ts';
import { listPages, type ListPage } from '../cluster/list-pages.ts';
import {
  computeTableText,
  parseServerTable,
  tableAccept,
  type ServerColumn,
  type ServerTable,
} from '../cluster/server-table.ts';
import { notice, pause, printForeign, printLine, type Io } from '../io.ts';
import { renderObjects, type KubernetesObject } from '../render/object-list.ts';
import { renderTable } from '../render/table.ts';
import type { GetRequest } from './get-request.ts';

interface Scope {
  readonly cluster: Cluster;
  readonly resource: Resource;
  readonly request: GetRequest;
  readonly namespace: string | undefined;
}

function pages(scope: Scope, accept: string, signal: AbortSignal): AsyncGenerator<ListPage> {
  return listPages(scope.cluster, {
    path: resourcePath(scope.resource, scope.namespace),
    headers: { accept },
    query: { labelSelector: scope.request.selector },
    signal,
  });
}

async function fetchObjects(scope: Scope, signal: AbortSignal): Promise<KubernetesObject[]> {
  const { names } = scope.request;
  if (names.length > 0) {
    return await Promise.all(
      names.map(async (name) => {
        const path = resourcePath(scope.resource, scope.namespace, name);
        return (await scope.cluster.json({ path, signal })) as KubernetesObject;
      }),
    );
  }
  const found: KubernetesObject[] = [];
  for await (const { body } of pages(scope, 'application/json', signal)) {
    const { items, apiVersion } = body as { items: KubernetesObject[]; apiVersion: string };
    // Items of a list carry no type of their own where the list does.
    found.push(...items.map((item) => ({ ...item, apiVersion, kind: scope.resource.kind })));
  }
  return found;
}

async function fetchTable(scope: Scope, signal: AbortSignal): Promise<ServerTable> {
  const { names } = scope.request;
  const tables: ServerTable[] = [];
  if (names.length === 0) {
    for await (const { body } of pages(scope, tableAccept, signal)) tables.push(parseServerTable(body));
  }
  for (const name of names) {
    const path = resourcePath(scope.resource, scope.namespace, name);
    tables.push(
      parseServerTable(await scope.cluster.json({ path, headers: { accept: tableAccept }, signal })),
    );
  }
  const [first] = tables;
  if (first === undefined) throw new ClrkError('SERVER_ERROR', 'the server answered without a table');
  return { ...first, rows: tables.flatMap((table) => table.rows ?? []) };
}

function view(scope: Scope, several: boolean, columns?: readonly ServerColumn[]) {
  return {
    wide: scope.request.format === 'wide',
    withNamespace: scope.request.allNamespaces,
    namePrefix: several ? objectName(scope.resource, '') : '',
    columns,
  };
}

/** One watch from a resourceVersion on; returns the version to resume from, undefined when a new list is needed. */
async function watchOnce(
  io: Io,
  scope: Scope,
  columns: readonly ServerColumn[],
  from: string,
): Promise<string | undefined> {
  const signal = io.interruption();
  const { names, selector } = scope.request;
  const response = await scope.cluster.must({
    path: resourcePath(scope.resource, scope.namespace),
    headers: { accept: tableAccept },
    query: {
      watch: 'true',
      resourceVersion: from,
      labelSelector: selector,
      fieldSelector: names[0] === undefined ? undefined : `metadata.name=${names[0]}`,
    },
    signal,
  });
  let version: string | undefined = from;
  for await (const line of createInterface({ input: response.body })) {
    const event = JSON.parse(line) as { type: string; object: unknown };
    if (event.type === 'ERROR') return undefined;
    const table = parseServerTable(event.object);
    version = table.metadata?.resourceVersion ?? version;
    await printLine(
      io,
      renderTable(computeTableText(table, view(scope, false, columns)), { headers: false }),
    );
  }
  return version;
}

async function watchTable(io: Io, scope: Scope, table: ServerTable): Promise<void> {
  const signal = io.interruption();
  const columns = table.columnDefinitions ?? [];
  let version = table.metadata?.resourceVersion;
  while (!signal.aborted) {
    try {
      version = await watchOnce(io, scope, columns, version ?? '');
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ClrkError && !error.retryable) throw error;
      notice(io, 'the watch was cut; trying again');
    }
    // Watches end by themselves every few minutes; a server that ends them at once must not be hammered.
    await pause(1_000, signal);
  }
}

async function printTable(io: Io, scopes: readonly Scope[]): Promise<void> {
  let any = false;
  for (const scope of scopes) {
    const table = await fetchTable(scope, io.interruption());
    if ((table.rows ?? []).length > 0) {
      if (any) await printLine(io, '');
      await printLine(io, renderTable(computeTableText(table, view(scope, scopes.length > 1))));
      any = true;
    }
    if (scope.request.watch) await watchTable(io, scope, table);
  }
  const where = scopes[0]?.namespace;
  if (!any) notice(io, `No resources found${where === undefined ? '.' : ` in ${where} namespace.`}`);
}

export async function getObjects(
  io: Io,
  cluster: Cluster,
  resources: readonly Resource[],
  request: GetRequest,
): Promise<void> {
  if (request.watch && resources.length > 1) throw new ClrkError('USAGE', 'watch one kind at a time');
  const namespace = request.allNamespaces ? undefined : cluster.namespace;
  const scopes = resources.map((resource) => ({ cluster, resource, request, namespace }));
  if (request.format === 'table' || request.format === 'wide') return await printTable(io, scopes);
  if (request.watch) throw new ClrkError('USAGE', '-w shows tables only', { hint: 'Leave out -o.' });
  const groups = await Promise.all(
    scopes.map(async (scope) => ({ scope, objects: await fetchObjects(scope, io.interruption()) })),
  );
  const objects = groups.flatMap((group) => group.objects);
  if (request.format !== 'name') {
    const text = renderObjects(objects, request.format, request.names.length === 1);
    return await printForeign(io, text, request.format === 'json' ? 'json' : 'text');
  }
  const names = groups.flatMap(({ scope, objects: found }) =>
    found.map((object) => objectName(scope.resource, object.metadata.name)),
  );
  if (names.length > 0) await printLine(io, names.join('\n'));
}
