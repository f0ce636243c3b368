/**
 * Records of telemetry, so that a kubeconfig is all a person needs. Each request shows a token for its namespace alone, made
 * with the platform's Secret, or one that was given (`clrk token`, in CLRK_READER_TOKEN); who may not read that Secret asks
 * the cluster's API as the user he is. Lines are parsed one at a time and bounded; nothing here believes a stream to
 * end.
 */
import { createInterface } from 'node:readline';
import type { IncomingMessage } from 'node:http';
import { Value } from 'typebox/value';
import {
  ClrkError,
  invocationSchema,
  mintReaderToken,
  platformAuthKeys,
  platformAuthSecret,
  type AgentKind,
  type Invocation,
} from '../../contract/index.ts';
import { parseSpan, type SpanRecord } from '../render/span.ts';
import type { Cluster } from './cluster.ts';
import { agentPlurals } from './known-agent.ts';
import { platformNamespace } from './platform-namespace.ts';
import { askAsUser, askByToken, getAsUser, listAsUser } from './record-door.ts';

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
  readonly phase?: string | undefined;
  readonly agent?: string | undefined;
  /** Cursor of the last line a follower was given. */
  readonly after?: string | undefined;
  /** Token of the page before. */
  readonly continue?: string | undefined;
}

/** Told of an answer before its lines. */
export interface Answer {
  /** There is more behind it. */
  readonly next: string | undefined;
}

export interface InvocationPage extends Answer {
  readonly invocations: readonly Invocation[];
}

export const readerTokenVariable = 'CLRK_READER_TOKEN';
/** A follower is cut after an hour; a token need not outlive it by much. */
const tokenMs = 65 * 60 * 1000;

export interface TelemetryClientOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
  readonly onAnswer?: (answer: Answer) => void;
}

export interface AgentName {
  readonly kind: AgentKind;
  readonly namespace: string;
  readonly name: string;
}

export interface LogLine {
  readonly timestamp: string;
  readonly severity: string;
  readonly body: string;
  readonly component: string;
  readonly iostream: string;
  /** Names the line to follow on behind it. */
  readonly cursor: string;
  readonly attributes: Readonly<Record<string, unknown>>;
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

function attributesOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

export function parseLogLine(raw: string): LogLine {
  const value = JSON.parse(raw) as Record<string, unknown>;
  return {
    timestamp: text(value['timestamp']),
    severity: text(value['severity']),
    body: text(value['body']),
    component: text(value['component']),
    iostream: text(value['iostream']),
    cursor: text(value['cursor']),
    attributes: attributesOf(value['attributes']),
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
  readonly #given: string | undefined;
  readonly #now: () => Date;
  readonly #onAnswer: ((answer: Answer) => void) | undefined;
  #secret: Promise<string | undefined> | undefined;

  constructor(cluster: Cluster, options: TelemetryClientOptions) {
    this.#cluster = cluster;
    this.#given = options.environment[readerTokenVariable] || undefined;
    this.#now = options.now;
    this.#onAnswer = options.onAnswer;
  }

  async *logs(agent: AgentName, filter: TelemetryFilter, signal: AbortSignal): AsyncGenerator<LogLine> {
    for await (const line of this.#agentLines(agent, 'logs', filter, signal)) yield parseLogLine(line);
  }

  async *spans(agent: AgentName, filter: TelemetryFilter, signal: AbortSignal): AsyncGenerator<SpanLine> {
    for await (const raw of this.#agentLines(agent, 'traces', filter, signal)) {
      yield { span: parseSpan(JSON.parse(raw)), raw };
    }
  }

  async invocations(
    namespace: string,
    filter: TelemetryFilter,
    signal: AbortSignal,
  ): Promise<InvocationPage> {
    const token = await this.#tokenFor(namespace);
    if (token === undefined) {
      const { items, next } = await listAsUser(this.#cluster, namespace, filter, signal);
      return { invocations: items.map(parseInvocation), next };
    }
    const asked = { namespace, path: 'invocations', filter, token };
    const answer = await askByToken(this.#cluster, asked, signal);
    const invocations: Invocation[] = [];
    for await (const line of lines(answer.body)) invocations.push(parseInvocation(JSON.parse(line)));
    return { invocations, next: answer.next };
  }

  /** Empty when there is none with this id; one for each agent that has one. */
  async invocation(namespace: string, id: string, signal: AbortSignal): Promise<readonly Invocation[]> {
    try {
      const token = await this.#tokenFor(namespace);
      if (token === undefined) {
        return [parseInvocation(await getAsUser(this.#cluster, namespace, id, signal))];
      }
      const asked = { namespace, path: `invocations/${encodeURIComponent(id)}`, filter: {}, token };
      const answer = await askByToken(this.#cluster, asked, signal);
      const found: Invocation[] = [];
      for await (const line of lines(answer.body)) found.push(parseInvocation(JSON.parse(line)));
      return found;
    } catch (error) {
      if (error instanceof ClrkError && error.code === 'NOT_FOUND') return [];
      throw error;
    }
  }

  async *#agentLines(
    { kind, namespace, name }: AgentName,
    what: string,
    filter: TelemetryFilter,
    signal: AbortSignal,
  ): AsyncGenerator<string> {
    const path = `${agentPlurals[kind]}/${encodeURIComponent(name)}/${what}`;
    const token = await this.#tokenFor(namespace);
    const asked = { namespace, path, filter };
    const answer = await (token === undefined
      ? askAsUser(this.#cluster, asked, signal)
      : askByToken(this.#cluster, { ...asked, token }, signal));
    this.#onAnswer?.(answer);
    yield* lines(answer.body);
  }

  /** Undefined: who may not read the platform's Secret asks as the user he is. */
  async #tokenFor(namespace: string): Promise<string | undefined> {
    if (this.#given !== undefined) return this.#given;
    this.#secret ??= readReaderSecret(this.#cluster).catch(deniedIsNone);
    const secret = await this.#secret;
    if (secret === undefined) return undefined;
    return mintReaderToken(secret, { namespaces: [namespace], expiresMs: this.#now().getTime() + tokenMs });
  }
}

function deniedIsNone(error: unknown): undefined {
  if (error instanceof ClrkError && error.code === 'DENIED') return undefined;
  throw error;
}

/** What reader tokens are made with. Throws PLATFORM_MISSING or DENIED. */
export async function readReaderSecret(cluster: Cluster): Promise<string> {
  const namespace = await platformNamespace(cluster);
  const path = `/api/v1/namespaces/${namespace}/secrets/${platformAuthSecret}`;
  const secret = (await cluster.json({ path }).catch(explainMissing)) as {
    data?: Record<string, string>;
  };
  const encoded = secret.data?.[platformAuthKeys.reader];
  if (encoded === undefined) {
    throw new ClrkError('DENIED', `Secret ${platformAuthSecret} has no key ${platformAuthKeys.reader}`, {
      hint: 'The platform is not installed completely; install it again.',
    });
  }
  // As telemetry reads its file: without the line end of a Secret made by hand.
  return Buffer.from(encoded, 'base64').toString('utf8').trim();
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
