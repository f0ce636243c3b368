/**
 * `clrk telemetry`: reads the environment, opens the store and NATS, runs the service until it is told to stop.
 * The only place of this folder that looks at environment variables.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { environment as variables, inboxOf, platformAuthKeys, ports } from '../contract/index.ts';
import {
  connectNatsAtLast,
  kubeCaller,
  loadKubeConfig,
  requireVariable,
  Shell,
  type Environment,
  type Log,
  type NatsAccess,
} from '../process/index.ts';
import { readerOf, speakerOf, TokenFiles, voucherKeyOf } from './bearer.ts';
import { retentionOf } from './schema/retention.ts';
import { createMetrics, type TelemetryMetrics } from './metrics.ts';
import { serverUrl } from './store/server-url.ts';
import { openTelemetryService } from './service.ts';
import { streamSettings } from './stream/stream-settings.ts';
import { openEmbeddedStore, openServerStore, type Store } from './store/store.ts';

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

function fileOf(directory: string, name: string): string {
  return readFileSync(join(directory, name), 'utf8').trim();
}

/** NATS as the one telemetry; its files are there before the pod starts. */
function natsAccess(environment: Environment, authDir: string, caPem: string): NatsAccess {
  return {
    url: requireVariable(environment, variables.natsUrl),
    jwt: fileOf(authDir, platformAuthKeys.natsJwt),
    seed: fileOf(authDir, platformAuthKeys.natsSeed),
    inbox: inboxOf({ role: 'telemetry' }),
    caPem,
  };
}

/** Where the front door is: as the kubelet says of the Service, else by its name. */
function ingressUrl(environment: Environment): string {
  const address = environment['CLRK_INGRESS_SERVICE_HOST'];
  if (address !== undefined && address !== '')
    return `http://${address.includes(':') ? `[${address}]` : address}/`;
  return `http://clrk-ingress.${requireVariable(environment, variables.podNamespace)}.svc/`;
}

export async function runTelemetry(environment: Environment): Promise<void> {
  await using shell = await Shell.open({ role: 'telemetry', environment });
  const { log, host, stopped } = shell;
  let ready = (): string | undefined => 'not connected to NATS yet';
  shell.needs(() => ready());
  shell.stands();
  const authDir = requireVariable(environment, variables.platformAuthDir);
  const metrics = createMetrics();
  shell.serves(() => metrics.registry.metrics());
  await using store = openStore(environment, log, metrics);
  const tlsDir = requireVariable(environment, variables.telemetryTlsDir);
  const access = natsAccess(environment, authDir, fileOf(tlsDir, 'ca.crt'));
  const nats = await connectNatsAtLast(access, { name: 'telemetry', log, signal: stopped });
  if (nats === undefined) return;
  const otlpFiles = new TokenFiles(authDir, [platformAuthKeys.otlpKey]);
  const readerFiles = new TokenFiles(authDir, [platformAuthKeys.reader]);
  const service = await openTelemetryService({
    host,
    otlpPort: ports.otlpHttp,
    readPort: ports.telemetryApi,
    aggregated: {
      port: ports.aggregatedApi,
      call: kubeCaller(() => loadKubeConfig(environment)),
      ingressUrl: ingressUrl(environment),
      voucherKey: () => voucherKeyOf(otlpFiles.tokens().get(platformAuthKeys.otlpKey) ?? ''),
    },
    store,
    spoolDir: join(requireVariable(environment, variables.dataDir), 'spool'),
    nats,
    stream: streamSettings(environment),
    retention: retentionOf(environment),
    tls: () => ({ cert: fileOf(tlsDir, 'tls.crt'), key: fileOf(tlsDir, 'tls.key') }),
    otlpSpeaker: (authorization) =>
      speakerOf(authorization, otlpFiles.tokens().get(platformAuthKeys.otlpKey) ?? ''),
    reader: (authorization) =>
      readerOf(authorization, readerFiles.tokens().get(platformAuthKeys.reader) ?? '', Date.now()),
    log,
    metrics,
  });
  ready = () => service.ready();
  log.info({ host }, 'telemetry is running');
  await shell.untilStopped();
  await service[Symbol.asyncDispose]();
  await nats.close();
}
