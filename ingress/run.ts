/**
 * `clrk ingress`: reads the environment, watches the one config Secret, opens the front door, runs until it is told
 * to stop. The only place of this folder that looks at environment variables.
 */
import { Counter, Registry } from 'prom-client';
import {
  environment as variables,
  ingressConfigSchema,
  ports,
  statusKey,
  type IngressStatus,
} from '../contract/index.ts';
import {
  createLog,
  openHealthServer,
  PlatformLink,
  requireVariable,
  untilTerminated,
  watchConfig,
  type Environment,
} from '../process/index.ts';
import { openIngress, type Ingress } from './ingress.ts';

/** reference/clrk.md (f): HTTP drain of 30 s at most, events after it; stays inside the pod's grace period. */
const drainMs = 25_000;

function statusOf(environment: Environment, host: string, ingress: Ingress): IngressStatus {
  return {
    version: 1,
    role: 'ingress',
    namespace: requireVariable(environment, variables.podNamespace),
    pod: requireVariable(environment, variables.podName),
    address: `${host}:${ports.ingressHttp}`,
    configDigest: ingress.configDigest,
    draining: ingress.draining,
    at: Date.now(),
  };
}

export async function runIngress(environment: Environment): Promise<void> {
  const log = createLog('ingress', environment);
  const stopped = untilTerminated(log);
  const host = requireVariable(environment, variables.podIp);
  const registry = new Registry();
  const refused = new Counter({
    name: 'clrk_ingress_refused_workers_total',
    help: 'Workers not believed: `status` malformed or of another pool, `certificate` of another pool than the call is for.',
    labelNames: ['because'],
    registers: [registry],
  });
  const ingress = await openIngress({
    host,
    port: ports.ingressHttp,
    log,
    publish: (subject, payload, messageId) => link.nats.publish(subject, messageId, payload),
    liveWorkers: () => link.nats.liveOthers(),
    tracer: () => link.tracer(),
    onImpostor: () => refused.inc({ because: 'certificate' }),
  });
  const { namespace, pod } = statusOf(environment, host, ingress);
  const link = new PlatformLink({
    role: 'ingress',
    namespace,
    environment,
    log,
    key: statusKey.ingress(namespace, pod),
    snapshot: () => statusOf(environment, host, ingress),
    onRefused: () => refused.inc({ because: 'status' }),
  });
  const ready = (): string | undefined => {
    if (ingress.draining) return 'draining';
    if (ingress.configDigest === '') return 'no config yet';
    return link.nats.connected ? undefined : 'not connected to NATS yet';
  };
  await using _health = await openHealthServer({
    host,
    port: ports.health,
    ready,
    metrics: () => registry.metrics(),
  });
  watchConfig({
    environment,
    schema: ingressConfigSchema,
    log,
    signal: stopped,
    onConfig: (config) => {
      ingress.configure(config);
      link.update(config.platform);
      link.nats.changed();
    },
  });
  log.info({ host }, 'ingress is running');
  if (!stopped.aborted)
    await new Promise((resolve) => stopped.addEventListener('abort', resolve, { once: true }));
  const drained = ingress.drain(drainMs);
  link.nats.changed();
  await drained;
  await ingress[Symbol.asyncDispose]();
  await link[Symbol.asyncDispose]();
  log.info({}, 'ingress stopped');
}
