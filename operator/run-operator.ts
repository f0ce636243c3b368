/**
 * The operator's process: settings, health port, NATS view, API client, and the Operator until a signal. Losing the
 * lease ends the process (another replica leads); NATS or the API server away does not.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { ClrkError, canonicalJson, environment as variable, ports, statusBucket } from '../contract/index.ts';
import {
  createLog,
  loadKubeConfig,
  openHealthServer,
  requireVariable,
  untilTerminated,
  type Environment,
  type Log,
} from '../process/index.ts';
import { NatsDataPlanes } from './nats-data-planes.ts';
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
  const watchingNats = dataPlanes.follow({
    access: () => ({ url: settings.natsUrl, user: 'operator', password: settings.natsPassword }),
    log,
    signal,
    onChange: () => operator.statusChanged(),
  });
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
