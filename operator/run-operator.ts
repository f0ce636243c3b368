/**
 * The operator's process: settings, health port, NATS view, API client, and the Operator until a signal. Losing the
 * lease ends the process (another replica leads); NATS or the API server away does not.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import {
  ClrkError,
  canonicalJson,
  environment as variable,
  gatewayStatusSchema,
  ingressStatusSchema,
  ports,
  statusBucket,
  workerStatusSchema,
  type GatewayStatus,
  type IngressStatus,
  type WorkerStatus,
} from '../contract/index.ts';
import {
  StatusView,
  connectNats,
  createLog,
  loadKubeConfig,
  openHealthServer,
  openStatusBucket,
  requireVariable,
  untilTerminated,
  type Environment,
  type Log,
} from '../process/index.ts';
import type { DataPlaneStatus } from './data-plane-status.ts';
import { Operator } from './operator.ts';
import { readSettings, type OperatorSettings } from './platform-auth.ts';
import { ApiClient, Metrics } from './runtime/index.ts';

const settingsBeatMs = 30_000;

export async function runOperator(environment: Environment): Promise<void> {
  const log = createLog('operator', environment);
  const stop = untilTerminated(log);
  const ended = new AbortController();
  const signal = AbortSignal.any([stop, ended.signal]);
  const metrics = new Metrics();
  let settings = readSettings(environment);
  const dataPlanes = new NatsDataPlanes();
  const config = loadKubeConfig(environment);
  const host = new URL(config.getCurrentCluster()?.server ?? 'https://unknown').host;
  const operator = new Operator({
    api: new ApiClient(config, (call) => metrics.restRequests.inc({ ...call, host })),
    log,
    metrics,
    namespace: settings.systemNamespace,
    identity: `${environment[variable.podName] ?? hostname()}_${randomUUID()}`,
    now: Date.now,
    settings: () => settings,
    dataPlanes,
    signal,
  });
  const health = await openHealthServer({
    host: requireVariable(environment, variable.podIp),
    port: ports.health,
    ready: () => operator.notReady(),
    metrics: async () => {
      operator.observeAges();
      return await metrics.registry.metrics();
    },
  });
  const beats = startBeats(operator, () => (settings = refreshed(environment, settings, operator, log)));
  const watchingNats = dataPlanes.connect(settings, log, signal, () => operator.statusChanged());
  try {
    const lost = await operator.run();
    if (lost) {
      throw new ClrkError('LEADERSHIP_LOST', 'operator lost its lease and ends', { retryable: true });
    }
  } finally {
    ended.abort();
    for (const beat of beats) clearInterval(beat);
    await watchingNats;
    await health[Symbol.asyncDispose]();
  }
}

/** Expiry of silent data planes has no event; settings are files of a mounted Secret. Both are polled. */
function startBeats(operator: Operator, refresh: () => void): readonly NodeJS.Timeout[] {
  return [
    setInterval(() => operator.statusChanged(), statusBucket.heartbeatMs),
    setInterval(refresh, settingsBeatMs),
  ];
}

function refreshed(
  environment: Environment,
  current: OperatorSettings,
  operator: Operator,
  log: Log,
): OperatorSettings {
  try {
    const next = readSettings(environment);
    if (canonicalJson(next) === canonicalJson(current)) return current;
    queueMicrotask(() => operator.settingsChanged());
    return next;
  } catch (thrown) {
    log.warn({ err: thrown }, 'settings not read, the previous ones stay');
    return current;
  }
}

/** The NATS view of the data planes: empty until NATS answers, last known while it is away. */
class NatsDataPlanes implements DataPlaneStatus {
  #workers: StatusView<typeof workerStatusSchema> | undefined;
  #gateways: StatusView<typeof gatewayStatusSchema> | undefined;
  #ingresses: StatusView<typeof ingressStatusSchema> | undefined;

  workers(): readonly WorkerStatus[] {
    return this.#workers?.live() ?? [];
  }

  gateways(): readonly GatewayStatus[] {
    return this.#gateways?.live() ?? [];
  }

  ingresses(): readonly IngressStatus[] {
    return this.#ingresses?.live() ?? [];
  }

  async connect(
    settings: OperatorSettings,
    log: Log,
    signal: AbortSignal,
    onChange: () => void,
  ): Promise<void> {
    const login = { url: settings.natsUrl, user: 'operator', password: settings.natsPassword };
    const connection = await connectNats(login, { name: 'clrk-operator', log });
    const bucket = await openStatusBucket(connection);
    const options = { now: Date.now };
    this.#workers = new StatusView(bucket, 'worker.', workerStatusSchema, options);
    this.#gateways = new StatusView(bucket, 'egress.', gatewayStatusSchema, options);
    this.#ingresses = new StatusView(bucket, 'ingress.', ingressStatusSchema, options);
    for (const view of [this.#workers, this.#gateways, this.#ingresses]) view.onChange(onChange);
    onChange();
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await connection.close();
  }
}
