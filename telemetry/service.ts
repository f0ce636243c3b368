/**
 * Telemetry put together: store, schema, writer, OTLP receiver, materializer, stream keeper, sweeper, read API, aggregated API. It takes addresses,
 * tokens and connections as parameters, so that a test runs the whole of it without an environment.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { NatsConnection } from 'nats';
import { errorMessage, hardTimeoutMs, type OtlpSpeaker, type ReaderClaims } from '../contract/index.ts';
import { PeerConnections, type Log } from '../process/index.ts';
import { createAggregatedHandler, type AggregatedOptions } from './aggregated/handler.ts';
import { Materializer } from './stream/materializer.ts';
import { createMetrics, type TelemetryMetrics } from './metrics.ts';
import { createOtlpHandler } from './otlp/otlp-server.ts';
import { ReadTurns } from './read/read-turns.ts';
import { createReadHandler } from './read/read-server.ts';
import { migrate } from './schema/migrate.ts';
import { keepFor, type Retention } from './schema/retention.ts';
import { Spool } from './spool/spool.ts';
import type { Store } from './store/store.ts';
import type { StreamSettings } from './stream/invocation-stream.ts';
import { StreamKeeper } from './stream/stream-keeper.ts';
import { runSweeper } from './stream/sweeper.ts';
import { Writer, type WriterLimits } from './spool/writer.ts';

export interface TelemetryOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly otlpPort: number;
  readonly readPort: number;
  readonly store: Store;
  readonly spoolDir: string;
  readonly spoolMaxBytes?: number;
  readonly nats: NatsConnection;
  /** Certificate and key of both ports, read again now and then; absent: plain HTTP (tests). */
  readonly tls?: () => { readonly cert: string; readonly key: string };
  /** Whom a header speaks for; undefined: refused. */
  readonly otlpSpeaker: (authorization: string | undefined) => OtlpSpeaker | undefined;
  /** What a header lets its sender read; undefined: nothing. */
  readonly reader: (authorization: string | undefined) => ReaderClaims | undefined;
  readonly log: Log;
  readonly metrics?: TelemetryMetrics;
  readonly stream?: StreamSettings;
  /** Absent: as the tables have it. */
  readonly retention?: Retention;
  readonly writerLimits?: Partial<WriterLimits>;
  readonly sweep?: { readonly everyMs: number; readonly graceMs: number };
  /** Absent: no aggregated API. It needs `tls`. */
  readonly aggregated?: Pick<
    AggregatedOptions,
    'call' | 'ingressUrl' | 'voucherKey' | 'pollMs' | 'recheckMs' | 'watcherLimits'
  > & {
    readonly port: number;
  };
}

export interface TelemetryService extends AsyncDisposable {
  readonly otlpPort: number;
  readonly readPort: number;
  /** 0: there is none. */
  readonly aggregatedPort: number;
  readonly metrics: TelemetryMetrics;
  /** Why it is not ready, or undefined. */
  ready(): string | undefined;
}

const defaultSpoolBytes = 512 * 1024 * 1024;
/** As the original drains at shutdown. */
const drainMs = 10_000;
const rereadTlsMs = 60_000;

const serverLimits = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 30_000,
  /** Who says nothing at all holds a connection no longer than who sends half a head. */
  handshakeTimeout: 10_000,
} as const;

/** Of each port. API servers are peers of the aggregated API, with a connection for whatever they are asked at once. */
export const connectionLimits = { total: 2_048, peer: 768 } as const;

async function listen(server: Server, host: string, port: number): Promise<Server> {
  const peers = new PeerConnections(connectionLimits.peer);
  server.maxConnections = connectionLimits.total;
  server.on('connection', (socket) => peers.admit(socket));
  server.listen(port, host);
  await once(server, 'listening');
  return server;
}

/** The certificate is renewed long before it expires; the files of a mounted Secret change in place. */
function openServer(
  handler: RequestListener,
  { tls, log }: Pick<TelemetryOptions, 'tls' | 'log'>,
  more: ServerOptions = {},
): Server {
  if (tls === undefined) return createServer(serverLimits, handler);
  const server = createSecureServer({ ...serverLimits, ...more, ...tls(), minVersion: 'TLSv1.3' }, handler);
  const reread = setInterval(() => {
    try {
      server.setSecureContext({ ...more, ...tls(), minVersion: 'TLSv1.3' });
    } catch (error) {
      log.warn({ reason: errorMessage(error) }, 'certificate not read, the previous one stays');
    }
  }, rereadTlsMs);
  reread.unref();
  server.once('close', () => clearInterval(reread));
  return server;
}

/**
 * Of the aggregated API: asks for a certificate and lets everybody in, because the handler judges whose it is by the CA the
 * cluster names now. Users have many groups; calls of agents take as long as a call may.
 */
const aggregatedLimits: ServerOptions = {
  requestCert: true,
  rejectUnauthorized: false,
  ca: [],
  maxHeaderSize: 64 * 1024,
  requestTimeout: hardTimeoutMs + 60_000,
};

async function openAggregated(
  options: TelemetryOptions,
  turns: ReadTurns,
  signal: AbortSignal,
): Promise<Server | undefined> {
  const { aggregated, tls, store, log, host } = options;
  if (aggregated === undefined || tls === undefined) return undefined;
  const handler = createAggregatedHandler({ ...aggregated, store, turns, log, signal });
  return await listen(openServer(handler, { tls, log }, aggregatedLimits), host, aggregated.port);
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), drainMs);
  await closed;
  clearTimeout(cut);
}

/** Tables exist before anything is read; a store that is away is asked again until it answers. */
async function prepareSchema(
  { store, log, retention = {} }: Pick<TelemetryOptions, 'store' | 'log' | 'retention'>,
  signal: AbortSignal,
): Promise<boolean> {
  while (!signal.aborted) {
    try {
      await migrate({ store, log, signal });
      await keepFor(store, retention, log);
      return true;
    } catch (error) {
      log.warn({ reason: errorMessage(error).slice(0, 300) }, 'the schema is not ready');
      await delay(1000, undefined, { signal }).catch(() => undefined);
    }
  }
  return false;
}

export async function openTelemetryService(options: TelemetryOptions): Promise<TelemetryService> {
  const { store, log, nats } = options;
  const metrics = options.metrics ?? createMetrics();
  const stop = new AbortController();
  const { signal } = stop;
  const spool = new Spool(options.spoolDir, options.spoolMaxBytes ?? defaultSpoolBytes, {
    onAside: (reason, rows) => {
      metrics.setAside.inc({ reason });
      log.error({ reason, rows }, 'a spooled batch is set aside');
    },
  });
  metrics.spoolBytes.set(spool.bytes);
  let schemaReady = false;
  // An insert before the tables exist fails and is spooled: records of a starting platform are kept.
  const writer = new Writer({
    store,
    spool,
    metrics,
    log,
    bootId: randomUUID(),
    ...(options.writerLimits === undefined ? {} : { limits: options.writerLimits }),
  });
  const materializer = new Materializer({
    nats,
    store,
    metrics,
    log,
    signal,
    ...(options.stream === undefined ? {} : { stream: options.stream }),
  });
  const background = prepareSchema(options, signal).then(async (done) => {
    if (!done) return;
    schemaReady = true;
    await Promise.all([
      materializer.run(),
      new StreamKeeper({ nats, metrics, log, signal }).run(),
      runSweeper({ nats, store, metrics, log, signal, ...options.sweep }),
    ]);
  });
  const receive = createOtlpHandler({
    write: (table, rows) => writer.write(table, rows),
    speaker: options.otlpSpeaker,
    metrics,
    log,
    now: Date.now,
  });
  const otlp = await listen(openServer(receive, options), options.host, options.otlpPort);
  const turns = new ReadTurns(store);
  const answer = createReadHandler({ store, turns, reader: options.reader, log, signal });
  const read = await listen(openServer(answer, options), options.host, options.readPort);
  const aggregated = await openAggregated(options, turns, signal);
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    stop.abort();
    const flushed = closeServer(otlp).then(() => writer[Symbol.asyncDispose]());
    // The writer is told to flush at once: requests wait for it, and closing waits for requests.
    const nudge = delay(50).then(() => writer[Symbol.asyncDispose]());
    await Promise.race([
      Promise.all([flushed, nudge, closeServer(read), aggregated && closeServer(aggregated), background]),
      delay(drainMs, undefined, { ref: false }),
    ]);
  };
  return {
    otlpPort: (otlp.address() as AddressInfo).port,
    readPort: (read.address() as AddressInfo).port,
    aggregatedPort: (aggregated?.address() as AddressInfo | undefined)?.port ?? 0,
    metrics,
    ready: () => {
      if (signal.aborted) return 'draining';
      if (!schemaReady) return 'ClickHouse is not ready';
      return materializer.connected ? undefined : 'the invocation stream is not connected';
    },
    [Symbol.asyncDispose]: () => (closing ??= close()),
  };
}
