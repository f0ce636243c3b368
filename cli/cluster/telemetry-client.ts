/**
 * The telemetry read API through the API server's service proxy, so that a kubeconfig is all a person needs.
 * The reader token comes from the platform's Secret: who may not read that may not read telemetry. Lines are
 * parsed one at a time and bounded; nothing here believes a stream to end.
 */
import { createInterface } from 'node:readline';
import type { IncomingMessage } from 'node:http';
import { Value } from 'typebox/value';
import {
  ClrkError,
  invocationSchema,
  platformAuthKeys,
  platformAuthSecret,
  ports,
  readerTokenHeader,
  type Invocation,
} from '../../contract/index.ts';
import { parseSpan, type SpanRecord } from '../render/span.ts';
import { readText, type Cluster } from './cluster.ts';
import { apiError } from './api-error.ts';
import { platformNamespace } from './platform-namespace.ts';

const proxyOf = (namespace: string): string =>
  `/api/v1/namespaces/${namespace}/services/http:clrk-telemetry:${ports.telemetryApi}/proxy`;
/** Bodies are captured up to 64 KiB a side (reference), base64 and a span around them; far below this. */
const maxLineBytes = 4 * 1024 * 1024;

export interface TelemetryFilter {
  readonly invocation?: string | undefined;
  /** RFC 3339. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly limit?: number | undefined;
  readonly follow?: boolean | undefined;
  readonly component?: string | undefined;
  readonly iostream?: string | undefined;
}

export interface AgentName {
  readonly namespace: string;
  readonly name: string;
}

export interface LogLine {
  readonly timestamp: string;
  readonly severity: string;
  readonly body: string;
  readonly component: string;
  readonly iostream: string;
  /** The line as it came, for NDJSON output. */
  readonly raw: string;
}

export interface SpanLine {
  readonly span: SpanRecord;
  readonly raw: string;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function parseLogLine(raw: string): LogLine {
  const value = JSON.parse(raw) as Record<string, unknown>;
  return {
    timestamp: text(value['timestamp']),
    severity: text(value['severity']),
    body: text(value['body']),
    component: text(value['component']),
    iostream: text(value['iostream']),
    raw,
  };
}

export function parseInvocation(value: unknown): Invocation {
  if (Value.Check(invocationSchema, value)) return value;
  throw new ClrkError('TELEMETRY_MALFORMED', 'telemetry sent a line that is not an Invocation');
}

async function* lines(body: IncomingMessage): AsyncGenerator<string> {
  try {
    for await (const line of createInterface({ input: body, crlfDelay: Infinity })) {
      if (line.length > maxLineBytes) throw new ClrkError('TOO_LARGE', 'telemetry sent a line over 4 MiB');
      if (line !== '') yield line;
    }
  } finally {
    body.destroy();
  }
}

export class TelemetryClient {
  readonly #cluster: Cluster;
  #token: Promise<string> | undefined;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  async *logs(agent: AgentName, filter: TelemetryFilter, signal: AbortSignal): AsyncGenerator<LogLine> {
    for await (const line of this.#agentLines(agent, 'logs', filter, signal)) yield parseLogLine(line);
  }

  async *spans(agent: AgentName, filter: TelemetryFilter, signal: AbortSignal): AsyncGenerator<SpanLine> {
    for await (const raw of this.#agentLines(agent, 'traces', filter, signal)) {
      yield { span: parseSpan(JSON.parse(raw)), raw };
    }
  }

  async invocations(namespace: string, filter: TelemetryFilter, signal: AbortSignal): Promise<Invocation[]> {
    const found: Invocation[] = [];
    for await (const line of this.#lines(`${scope(namespace)}/invocations`, filter, signal)) {
      found.push(parseInvocation(JSON.parse(line)));
    }
    return found;
  }

  /** Undefined when there is none with this id. */
  async invocation(namespace: string, id: string, signal: AbortSignal): Promise<Invocation | undefined> {
    try {
      const path = `${scope(namespace)}/invocations/${encodeURIComponent(id)}`;
      for await (const line of this.#lines(path, {}, signal)) return parseInvocation(JSON.parse(line));
      return undefined;
    } catch (error) {
      if (error instanceof ClrkError && error.code === 'NOT_FOUND') return undefined;
      throw error;
    }
  }

  #agentLines(
    agent: AgentName,
    what: string,
    filter: TelemetryFilter,
    signal: AbortSignal,
  ): AsyncGenerator<string> {
    const path = `${scope(agent.namespace)}/taskagents/${encodeURIComponent(agent.name)}/${what}`;
    return this.#lines(path, filter, signal);
  }

  async *#lines(path: string, filter: TelemetryFilter, signal: AbortSignal): AsyncGenerator<string> {
    this.#token ??= this.#readToken();
    const response = await this.#cluster.send({
      path: `${proxyOf(await platformNamespace(this.#cluster))}${path}`,
      headers: {
        [readerTokenHeader]: `Bearer ${await this.#token}`,
        accept: 'application/x-ndjson, application/json',
      },
      query: {
        invocation: filter.invocation,
        since: filter.since,
        until: filter.until,
        limit: filter.limit === undefined ? undefined : String(filter.limit),
        follow: filter.follow === true ? 'true' : undefined,
        component: filter.component,
        iostream: filter.iostream,
      },
      signal,
    });
    if (response.status >= 400) throw apiError(response.status, await readText(response.body, 64 * 1024));
    yield* lines(response.body);
  }

  async #readToken(): Promise<string> {
    const namespace = await platformNamespace(this.#cluster);
    const path = `/api/v1/namespaces/${namespace}/secrets/${platformAuthSecret}`;
    const secret = (await this.#cluster.json({ path }).catch(explainMissing)) as {
      data?: Record<string, string>;
    };
    const encoded = secret.data?.[platformAuthKeys.reader];
    if (encoded === undefined) {
      throw new ClrkError('DENIED', `Secret ${platformAuthSecret} has no key ${platformAuthKeys.reader}`, {
        hint: 'The platform is not installed completely; install it again.',
      });
    }
    return Buffer.from(encoded, 'base64').toString('utf8');
  }
}

/** Without the platform's own Secret there is no platform; a missing invocation must not look the same. */
function explainMissing(error: unknown): never {
  if (!(error instanceof ClrkError) || error.code !== 'NOT_FOUND') throw error;
  throw new ClrkError(
    'PLATFORM_MISSING',
    `the platform is not installed here: no Secret ${platformAuthSecret}`,
    {
      hint: 'Start it with `npm start`, or pick the right cluster with --context.',
    },
  );
}

function scope(namespace: string): string {
  return `/v1/namespaces/${encodeURIComponent(namespace)}`;
}
