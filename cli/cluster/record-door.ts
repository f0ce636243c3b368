/**
 * The two ways to records. By a reader's token, through the service proxy: for who may read the platform's Secret, or was
 * given a token. By the cluster's own API, as the user one is: for everybody else, with the rights RBAC gives him. Apart
 * because what is asked is the same and only how it is said differs.
 */
import {
  ClrkError,
  header,
  ports,
  readerTokenHeader,
  recordsGroupVersion,
  phases,
  type Invocation,
} from '../../contract/index.ts';
import type { IncomingMessage } from 'node:http';
import { apiError } from './api-error.ts';
import { readText, type ApiResponse, type Cluster } from './cluster.ts';
import { platformNamespace } from './platform-namespace.ts';
import type { TelemetryFilter } from './telemetry-client.ts';

const aggregatedRoot = `/apis/${recordsGroupVersion}/namespaces`;
const maxListBytes = 64 * 1024 * 1024;

export interface DoorAnswer {
  readonly body: IncomingMessage;
  /** Token of the page behind it. */
  readonly next: string | undefined;
}

type Query = Readonly<Record<string, string | undefined>>;

export function queryOf({ limit, follow, ...rest }: TelemetryFilter): Query {
  return {
    ...rest,
    limit: limit === undefined ? undefined : String(limit),
    follow: follow === true ? 'true' : undefined,
  };
}

async function checked(response: ApiResponse): Promise<DoorAnswer> {
  if (response.status >= 400) throw apiError(response.status, await readText(response.body, 64 * 1024));
  const next = response.body.headers[header.continue];
  return { body: response.body, next: typeof next === 'string' ? next : undefined };
}

/** `path`: below the namespace. NDJSON comes back. */
export async function askByToken(
  cluster: Cluster,
  asked: {
    readonly namespace: string;
    readonly path: string;
    readonly filter: TelemetryFilter;
    readonly token: string;
  },
  signal: AbortSignal,
): Promise<DoorAnswer> {
  const { namespace, path, filter, token } = asked;
  const platform = await platformNamespace(cluster);
  const proxy = `/api/v1/namespaces/${platform}/services/https:clrk-telemetry:${ports.telemetryApi}/proxy`;
  const response = await cluster.send({
    path: `${proxy}/v1/namespaces/${encodeURIComponent(namespace)}/${path}`,
    headers: {
      [readerTokenHeader]: `Bearer ${token}`,
      accept: 'application/x-ndjson, application/json',
    },
    query: queryOf(filter),
    signal,
  });
  return await checked(response);
}

/** Logs and traces of an agent, as the user. NDJSON comes back, as through the other door. */
export async function askAsUser(
  cluster: Cluster,
  asked: { readonly namespace: string; readonly path: string; readonly filter: TelemetryFilter },
  signal: AbortSignal,
): Promise<DoorAnswer> {
  const { namespace, path, filter } = asked;
  const response = await cluster.send({
    path: `${aggregatedRoot}/${encodeURIComponent(namespace)}/${path}`,
    headers: { accept: 'application/json' },
    query: queryOf(filter),
    signal,
  });
  return await checked(response);
}

/** Pure: the words of the read API in those of Kubernetes. Several phases are all but the others. */
export function listQueryOf({ agent, phase, since, until, limit, continue: token }: TelemetryFilter): Query {
  const wanted = (phase ?? '')
    .toLowerCase()
    .split(',')
    .filter((each) => each !== '');
  const unknown = wanted.find((each) => !phases.some((known) => known.toLowerCase() === each));
  if (unknown !== undefined) throw new ClrkError('BAD_REQUEST', `phase must be of ${phases.join(', ')}`);
  const others = wanted.length === 0 ? [] : phases.filter((each) => !wanted.includes(each.toLowerCase()));
  const terms = [
    ...(agent === undefined ? [] : [`spec.parentRef.name=${agent}`]),
    ...others.map((each) => `status.phase!=${each}`),
    ...(since === undefined ? [] : [`since=${since}`]),
    ...(until === undefined ? [] : [`until=${until}`]),
  ];
  return {
    fieldSelector: terms.length === 0 ? undefined : terms.join(','),
    limit: limit === undefined ? undefined : String(limit),
    continue: token,
  };
}

export interface ListedInvocations {
  readonly items: readonly unknown[];
  readonly next: string | undefined;
}

export async function listAsUser(
  cluster: Cluster,
  namespace: string,
  filter: TelemetryFilter,
  signal: AbortSignal,
): Promise<ListedInvocations> {
  const path = `${aggregatedRoot}/${encodeURIComponent(namespace)}/invocations`;
  const response = await cluster.send({ path, query: listQueryOf(filter), signal });
  const { body } = await checked(response);
  const list = JSON.parse(await readText(body, maxListBytes)) as {
    readonly items?: readonly unknown[];
    readonly metadata?: { readonly continue?: string };
  };
  return { items: list.items ?? [], next: list.metadata?.continue };
}

/** Throws NOT_FOUND. */
export async function getAsUser(
  cluster: Cluster,
  namespace: string,
  id: string,
  signal: AbortSignal,
): Promise<Invocation> {
  const path = `${aggregatedRoot}/${encodeURIComponent(namespace)}/invocations/${encodeURIComponent(id)}`;
  const { body } = await checked(await cluster.send({ path, signal }));
  return JSON.parse(await readText(body, maxListBytes)) as Invocation;
}
