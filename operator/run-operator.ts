/**
 * The operator's process: credentials, settings, health port, NATS view, API client, and the Operator until a signal.
 * Losing the lease ends the process (another replica leads); NATS or the API server away does not.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { ClrkError, canonicalJson, environment as variable, statusBucket } from '../contract/index.ts';
import { loadKubeConfig, Shell, type Environment, type Log } from '../process/index.ts';
import { NatsClaims } from './nats-claims.ts';
import { NatsDataPlanes } from './nats-data-planes.ts';
import { Operator } from './operator.ts';
import { namespaceOf, operatorSettings } from './operator-settings.ts';
import type { PlatformSettings } from './compile/index.ts';
import {
  ensurePlatformCredentials,
  untilPlatformCredentials,
  type PlatformCredentialsOptions,
} from './platform-credentials.ts';
import { ApiClient, Metrics } from './runtime/index.ts';

const settingsBeatMs = 30_000;

export async function runOperator(environment: Environment): Promise<void> {
  await using shell = await Shell.open({ role: 'operator', environment });
  const { log } = shell;
  const ended = new AbortController();
  const signal = AbortSignal.any([shell.stopped, ended.signal]);
  const metrics = new Metrics();
  const config = loadKubeConfig(environment);
  const host = new URL(config.getCurrentCluster()?.server ?? 'https://unknown').host;
  const api = new ApiClient(config, (call) => metrics.restRequests.inc({ ...call, host }));
  const source = { api, namespace: namespaceOf(environment), randomBytes };
  let operator: Operator | undefined;
  shell.needs(() => (operator === undefined ? 'no platform credentials yet' : operator.notReady()));
  shell.stands();
  shell.serves(async () => {
    operator?.observeAges();
    return await metrics.registry.metrics();
  });
  const dataPlanes = new NatsDataPlanes();
  let beats: readonly NodeJS.Timeout[] = [];
  let watchingNats: Promise<void> = Promise.resolve();
  try {
    const keys = await untilPlatformCredentials({ ...source, log, signal });
    if (keys === undefined) return;
    let settings = operatorSettings(environment, keys);
    const claims = new NatsClaims({
      access: () => running.claimsAccess(),
      log,
      onReconnect: () => running.claimsLost(),
    });
    signal.addEventListener('abort', () => void claims[Symbol.asyncDispose](), { once: true });
    const running: Operator = new Operator({
      api,
      log,
      metrics,
      namespace: settings.systemNamespace,
      identity: `${environment[variable.podName] ?? hostname()}_${randomUUID()}`,
      now: Date.now,
      settings: () => settings,
      dataPlanes,
      claims,
      signal,
    });
    operator = running;
    beats = startBeats(running, async () => {
      const next = await refreshed({ environment, source, log }, settings);
      if (canonicalJson(next) === canonicalJson(settings)) return;
      settings = next;
      running.settingsChanged();
    });
    watchingNats = dataPlanes.follow({
      access: () => running.natsAccess(),
      log,
      signal,
      onChange: () => running.statusChanged(),
      onDead: (dead) => running.eventGivenUp(dead),
      answer: (asker, text) => running.answerGateway(asker, text),
      onRefused: () => metrics.refusedStatus.inc(),
    });
    if (await running.run()) {
      throw new ClrkError('LEADERSHIP_LOST', 'operator lost its lease and ends', { retryable: true });
    }
  } finally {
    ended.abort();
    for (const beat of beats) clearInterval(beat);
    await watchingNats;
  }
}

/** Expiry of silent data planes has no event, and the operator has no reason to watch its own credentials: polled. */
function startBeats(operator: Operator, refresh: () => Promise<void>): readonly NodeJS.Timeout[] {
  return [
    setInterval(() => operator.statusChanged(), statusBucket.heartbeatMs),
    setInterval(() => void refresh(), settingsBeatMs),
  ];
}

interface SettingsSource {
  readonly environment: Environment;
  readonly source: PlatformCredentialsOptions;
  readonly log: Log;
}

/** Never rejects: the settings in force stay until newer ones can be read. */
async function refreshed(
  { environment, source, log }: SettingsSource,
  current: PlatformSettings,
): Promise<PlatformSettings> {
  try {
    return operatorSettings(environment, await ensurePlatformCredentials(source));
  } catch (thrown) {
    log.warn({ err: thrown }, 'settings not read, the previous ones stay');
    return current;
  }
}
