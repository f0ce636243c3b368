/**
 * `clrk telemetry`: reads the environment, opens the store and NATS, runs the service until it is told to stop.
 * The only place of this folder that looks at environment variables.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { environment as variables, platformAuthKeys, ports } from '../contract/index.ts';
import {
  connectNats,
  createLog,
  openHealthServer,
  requireVariable,
  untilTerminated,
  type Environment,
  type Log,
} from '../process/index.ts';
import { matchBearer, TokenFiles } from './bearer.ts';
import { createMetrics, type TelemetryMetrics } from './metrics.ts';
import { serverUrl } from './server-url.ts';
import { openTelemetryService } from './service.ts';
import { openEmbeddedStore, openServerStore, type Store } from './store.ts';

function openStore(environment: Environment, log: Log, metrics: TelemetryMetrics): Store {
  const url = serverUrl(environment, requireVariable(environment, variables.platformAuthDir));
  if (url !== undefined) return openServerStore(url);
  const directory = join(requireVariable(environment, variables.dataDir), 'clickhouse');
  return openEmbeddedStore({
    directory,
    onExit: (reason) => {
      metrics.engineRestarts.inc();
      log.error({ reason }, 'embedded ClickHouse ended; it is restarted');
    },
  });
}

function authorizer(directory: string, names: readonly string[]): (value: string | undefined) => boolean {
  const files = new TokenFiles(directory, names);
  return (authorization) => matchBearer(authorization, files.tokens()) !== undefined;
}

export async function runTelemetry(environment: Environment): Promise<void> {
  const log = createLog('telemetry', environment);
  const stopped = untilTerminated(log);
  const host = requireVariable(environment, variables.podIp);
  const authDir = requireVariable(environment, variables.platformAuthDir);
  const metrics = createMetrics();
  await using store = openStore(environment, log, metrics);
  const password = readFileSync(join(authDir, 'nats-telemetry'), 'utf8').trim();
  const nats = await connectNats(
    { url: requireVariable(environment, variables.natsUrl), user: 'telemetry', password },
    { name: 'telemetry', log },
  );
  const service = await openTelemetryService({
    host,
    otlpPort: ports.otlpHttp,
    readPort: ports.telemetryApi,
    store,
    spoolDir: join(requireVariable(environment, variables.dataDir), 'spool'),
    nats,
    authorizeOtlp: authorizer(
      authDir,
      platformAuthKeys.otlp.map((role) => `otlp-${role}`),
    ),
    authorizeReader: authorizer(authDir, [platformAuthKeys.reader]),
    log,
    metrics,
  });
  await using _health = await openHealthServer({
    host,
    port: ports.health,
    ready: () => service.ready(),
    metrics: () => metrics.registry.metrics(),
  });
  log.info({ host }, 'telemetry is running');
  if (!stopped.aborted)
    await new Promise((resolve) => stopped.addEventListener('abort', resolve, { once: true }));
  await service[Symbol.asyncDispose]();
  await nats.close();
  log.info({}, 'telemetry stopped');
}
