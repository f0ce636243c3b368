/**
 * The OTLP/HTTP receiver: POST /v1/traces and /v1/logs, protobuf or JSON, gzip or plain. It answers 200 only when
 * the rows are in ClickHouse or on disk, so an exporter that retries loses nothing. No token, no reading of the body; records that
 * speak for somebody else than the token are dropped and counted.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { ClrkError, errorMessage, type OtlpSpeaker } from '../../contract/index.ts';
import type { Log } from '../../process/index.ts';
import { readBody } from './body.ts';
import type { TelemetryMetrics } from '../metrics.ts';
import type { Encoding } from './otlp-message.ts';
import { otlpType } from './otlp-schema.ts';
import { receivedLogs, receivedSpans, type Received, type ReceivedRows } from './received-rows.ts';
import type { RowBytes } from '../spool/row-bytes.ts';
import { tables, type Table } from '../schema/tables.ts';

export interface OtlpHandlerOptions {
  readonly write: (table: Table, rows: RowBytes) => Promise<void>;
  /** Whom a header speaks for; undefined: refused. */
  readonly speaker: (authorization: string | undefined) => OtlpSpeaker | undefined;
  readonly metrics: TelemetryMetrics;
  readonly log: Log;
  readonly now: () => number;
}

/** The OpenTelemetry collector's receiver takes 20 MiB; exporters send far less. */
const maxBodyBytes = 16 * 1024 * 1024;
/** gRPC status numbers, as OTLP/HTTP error bodies carry them. */
const grpc = { invalidArgument: 3, unauthenticated: 16, unavailable: 14, unimplemented: 12 } as const;

const contentTypes: Record<Encoding, string> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};

interface Signal {
  readonly name: string;
  readonly table: Table;
  readonly render: (received: Received) => ReceivedRows;
}

const signals = new Map<string, Signal>([
  ['/v1/traces', { name: 'traces', table: tables.traces, render: receivedSpans }],
  ['/v1/logs', { name: 'logs', table: tables.logs, render: receivedLogs }],
]);

function encodingOf(request: IncomingMessage): Encoding | undefined {
  const media = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (media === contentTypes.protobuf) return 'protobuf';
  return media === contentTypes.json ? 'json' : undefined;
}

interface Answer {
  readonly status: number;
  readonly encoding: Encoding;
  readonly body: Buffer;
}

function success(encoding: Encoding, rejected: number): Answer {
  const partialSuccess =
    rejected === 0
      ? undefined
      : {
          rejected,
          errorMessage:
            'records without trace id or span id, of a time long gone or to come, or of another pool or gateway',
        };
  const json = partialSuccess === undefined ? {} : { partialSuccess: renderPartial(partialSuccess) };
  const body =
    encoding === 'json'
      ? Buffer.from(JSON.stringify(json))
      : Buffer.from(
          otlpType.response.encode(partialSuccess === undefined ? {} : { partialSuccess }).finish(),
        );
  return { status: 200, encoding, body };
}

/** JSON spells the count by signal; readers of either name find it. */
function renderPartial(partial: { rejected: number; errorMessage: string }): object {
  const count = String(partial.rejected);
  return { rejectedSpans: count, rejectedLogRecords: count, errorMessage: partial.errorMessage };
}

function failure(status: number, code: number, message: string, encoding: Encoding): Answer {
  const body =
    encoding === 'json'
      ? Buffer.from(JSON.stringify({ code, message }))
      : Buffer.from(otlpType.status.encode({ code, message }).finish());
  return { status, encoding, body };
}

function failureOf(thrown: unknown, encoding: Encoding): Answer {
  if (!(thrown instanceof ClrkError))
    return failure(503, grpc.unavailable, 'telemetry is not ready', encoding);
  if (thrown.code === 'BODY_TOO_LARGE') return failure(413, grpc.invalidArgument, thrown.message, encoding);
  if (thrown.retryable) return failure(503, grpc.unavailable, thrown.message, encoding);
  return failure(400, grpc.invalidArgument, thrown.message, encoding);
}

/** The checks that need no body; undefined when the request may go on. */
function refuse(request: IncomingMessage, speaker: OtlpSpeaker | undefined): Answer | undefined {
  const encoding = encodingOf(request);
  if (speaker === undefined) {
    const needed = 'a bearer token of a platform role, pool or gateway is needed';
    return failure(401, grpc.unauthenticated, needed, encoding ?? 'json');
  }
  if (!signals.has(request.url ?? '')) {
    return failure(404, grpc.unimplemented, 'POST /v1/traces or /v1/logs', encoding ?? 'json');
  }
  if (request.method !== 'POST') return failure(405, grpc.unimplemented, 'POST only', encoding ?? 'json');
  if (encoding !== undefined) return undefined;
  return failure(415, grpc.invalidArgument, 'application/x-protobuf or application/json', 'json');
}

async function receive(request: IncomingMessage, options: OtlpHandlerOptions): Promise<Answer> {
  const speaker = options.speaker(request.headers.authorization);
  const refused = refuse(request, speaker);
  const signal = signals.get(request.url ?? '');
  const encoding = encodingOf(request);
  if (refused !== undefined || speaker === undefined || signal === undefined || encoding === undefined) {
    return refused ?? failure(404, grpc.unimplemented, 'no such signal', 'json');
  }
  try {
    const body = await readBody(request, maxBodyBytes);
    const told = signal.render({ encoding, body, speaker, nowMs: options.now() });
    await options.write(signal.table, told.rows);
    for (const outcome of ['rejected', 'foreign'] as const) {
      if (told[outcome] > 0) options.metrics.rows.inc({ table: signal.table, outcome }, told[outcome]);
    }
    return success(encoding, told.rejected + told.foreign);
  } catch (thrown) {
    options.log.warn({ signal: signal.name, reason: errorMessage(thrown).slice(0, 200) }, 'otlp refused');
    return failureOf(thrown, encoding);
  }
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  response.statusCode = answer.status;
  response.setHeader('content-type', contentTypes[answer.encoding]);
  if (answer.status === 503) response.setHeader('retry-after', '1');
  // A body we did not read would otherwise be taken for the next request's head.
  if (!request.complete) response.setHeader('connection', 'close');
  response.end(answer.body);
}

export function createOtlpHandler(options: OtlpHandlerOptions): RequestListener {
  return (request, response) => {
    void receive(request, options).then((answer) => {
      const signal = signals.get(request.url ?? '')?.name ?? 'unknown';
      options.metrics.requests.inc({ signal, code: String(answer.status) });
      if (!response.destroyed) send(request, response, answer);
    });
  };
}
