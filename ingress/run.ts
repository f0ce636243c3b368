/**
 * `clrk ingress`: reads the environment, watches its settings and its shards of agents, opens the front door, runs until it is told
 * to stop. The only place of this folder that looks at environment variables.
 */
import { Counter, Gauge, Registry } from 'prom-client';
import { environment as variables, ports, statusKey, type IngressStatus } from '../contract/index.ts';
import { PlatformLink, requireVariable, Shell, type Environment } from '../process/index.ts';
import { followConfig } from './config-watches.ts';
import { openIngress, type Ingress } from './ingress.ts';
import { natsMarks, natsTimeMs } from './nats-marks.ts';
import { natsEvents } from './nats-events.ts';
import { natsResults } from './nats-results.ts';

/** As a pod ends, a call may last as long as its worker lets it run (five minutes) and is waited for; else it gets 25 s. Events come after. */
const drainMs = { awaited: 315_000, hurried: 25_000 };

function statusOf(
  environment: Environment,
  host: string,
  ingress: Ingress,
  shardDigests: string[],
): IngressStatus {
  return {
    version: 1,
    role: 'ingress',
    namespace: requireVariable(environment, variables.podNamespace),
    pod: requireVariable(environment, variables.podName),
    address: `${host}:${ports.ingressHttp}`,
    configDigest: ingress.configDigest,
    shardDigests,
    draining: ingress.draining,
    at: Date.now(),
  };
}

/** How full what callers share is, beside its bounds in limits.ts. */
function observeUsage(registry: Registry, ingress: Ingress): void {
  const gauges = [
    ['clrk_ingress_requests', 'Requests under way', () => ingress.active],
    ['clrk_ingress_half_sent', 'Calls whose body has not come whole', () => ingress.usage.halfSent],
    ['clrk_ingress_uploads', 'Of those, calls with a worker already', () => ingress.usage.uploads],
    ['clrk_ingress_events', 'Events being run', () => ingress.eventUsage?.running ?? 0],
    ['clrk_ingress_deferred', 'Calls under way whose callers do not wait', () => ingress.usage.deferred],
    ['clrk_ingress_kept_bytes', 'Bytes kept to ask another worker', () => ingress.usage.keptBytes],
    ['clrk_ingress_schedules', 'Schedules kept', () => ingress.schedules?.schedules ?? 0],
    ['clrk_ingress_scheduled_calls', 'Calls of schedules under way', () => ingress.schedules?.running ?? 0],
    ['clrk_ingress_events_pending', 'Invocation events not yet stored', () => ingress.outbox.pending],
  ] as const;
  for (const [name, help, read] of gauges) {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: [registry],
      collect: () => gauge.set(read()),
    });
  }
}

/** What schedules did here since the start. */
function observeSchedules(registry: Registry, ingress: Ingress): void {
  const counters = [
    ['clrk_ingress_schedule_fires_total', 'Due times fired by this ingress', 'fired'],
    ['clrk_ingress_schedule_misses_total', 'Due times this ingress came too late for', 'missed'],
  ] as const;
  for (const [name, help, of] of counters) {
    const counter: Counter = new Counter({
      name,
      help,
      registers: [registry],
      collect: () => {
        counter.reset();
        counter.inc(ingress.schedules?.[of] ?? 0);
      },
    });
  }
}

export async function runIngress(environment: Environment): Promise<void> {
  await using shell = await Shell.open({ role: 'ingress', environment });
  const { log, host } = shell;
  const registry = new Registry();
  const refused = new Counter({
    name: 'clrk_ingress_refused_workers_total',
    help: 'Workers not believed: `status` malformed or of another pool, `certificate` of another pool than the call is for.',
    labelNames: ['because'],
    registers: [registry],
  });
  shell.serves(() => registry.metrics());
  const namespace = requireVariable(environment, variables.podNamespace);
  const pod = requireVariable(environment, variables.podName);
  const link = await PlatformLink.open({
    role: 'ingress',
    namespace,
    environment,
    log,
    key: statusKey.ingress(namespace, pod),
    snapshot: () => status(),
    onRefused: () => refused.inc({ because: 'status' }),
  });
  const ingress = await openIngress({
    host,
    port: ports.ingressHttp,
    log,
    publish: (subject, payload, messageId) => link.nats.publish(subject, messageId, payload),
    liveWorkers: () => link.nats.liveOthers(),
    tracer: () => link.tracer(),
    schedules: {
      store: natsMarks(() => link.nats.connection),
      timeMs: () => natsTimeMs(link.nats.connection),
    },
    results: {
      store: natsResults(() => link.nats.connection),
      timeMs: () => natsTimeMs(link.nats.connection),
    },
    events: {
      source: natsEvents(() => link.nats.connection),
      timeMs: () => natsTimeMs(link.nats.connection),
    },
    onImpostor: () => refused.inc({ because: 'certificate' }),
  });
  observeUsage(registry, ingress);
  observeSchedules(registry, ingress);
  const assembly = followConfig({
    environment,
    log,
    signal: shell.watching,
    onConfig: (config) => {
      ingress.configure(config);
      link.update(config.platform);
      link.nats.changed();
    },
  });
  const status = (): IngressStatus => statusOf(environment, host, ingress, assembly.shardDigests);
  shell.needs(() => link.nats.notReady());
  shell.needs(() => assembly.missing);
  shell.stands();
  log.info({ host }, 'ingress is running');
  await shell.untilStopped();
  if (shell.isAwaited) {
    const left = ingress.leave();
    link.nats.changed();
    await left;
  }
  await ingress.drain(shell.isAwaited ? drainMs.awaited : drainMs.hurried);
  shell.endWatches();
  await ingress[Symbol.asyncDispose]();
  await link[Symbol.asyncDispose]();
}
