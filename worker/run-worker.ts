/**
 * `clrk worker`: reads the environment, watches the one config Secret, runs the worker until it is told to stop. The
 * only place of this folder that looks at environment variables.
 */
import { accessSync, constants } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import {
  attribute,
  ClrkError,
  environment as variables,
  errorMessage,
  poolConfigSchema,
  ports,
  statusKey,
  type PoolConfig,
  type WorkerStatus,
} from '../contract/index.ts';
import { openImageStore } from '../oci/index.ts';
import { EventOutbox, PlatformLink, requireVariable, Shell, type Environment } from '../process/index.ts';
import { natsLeases } from './daemon/nats-leases.ts';
import { GatewayDirectory } from './egress/gateway-directory.ts';
import { WorkerMetrics } from './metrics.ts';
import { Worker } from './worker.ts';

/** As a pod ends, whatever runs may run to its own time-out, five minutes at most; else as long as in the original. */
const drainMs = { awaited: 305_000, hurried: 30_000 };
/** Ingresses hear of its going through NATS, which may be slow. */
const leaveMs = 3_000;
const lastEventsMs = 5_000;
/** Running and one terminal event. */
const eventsPerCall = 2;

function findRunsc(environment: Environment): string {
  const named = environment[variables.runsc];
  const candidates =
    named === undefined || named === ''
      ? (environment['PATH'] ?? '').split(delimiter).map((directory) => join(directory, 'runsc'))
      : [named];
  const found = candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (found !== undefined) return found;
  throw new ClrkError('RUNSC_NOT_FOUND', 'runsc (gVisor) was not found', {
    hint: `Name it in ${variables.runsc}, or put it in PATH.`,
  });
}

async function directory(environment: Environment, variable: string): Promise<string> {
  const path = requireVariable(environment, variable);
  await mkdir(path, { recursive: true });
  return path;
}

interface Identity {
  readonly namespace: string;
  readonly pod: string;
  readonly pool: string;
  readonly host: string;
}

function composeStatus(identity: Identity, status: ReturnType<Worker['status']>): WorkerStatus {
  const { port: _port, ...changing } = status;
  const { namespace, pod, pool, host } = identity;
  const address = `${host}:${ports.workerDispatch}`;
  return { version: 1, role: 'worker', namespace, pod, pool, address, at: Date.now(), ...changing };
}

export async function runWorker(environment: Environment): Promise<void> {
  await using shell = await Shell.open({ role: 'worker', environment });
  const { log, host } = shell;
  const identity: Identity = {
    namespace: requireVariable(environment, variables.podNamespace),
    pod: requireVariable(environment, variables.podName),
    pool: requireVariable(environment, variables.poolName),
    host,
  };
  const onError = (error: unknown): void => log.error({ reason: errorMessage(error) }, 'worker error');
  await using images = await openImageStore({ directory: await directory(environment, variables.imageDir) });
  const { namespace, pool, pod } = identity;
  const link = await PlatformLink.open({
    role: 'worker',
    namespace,
    environment,
    log,
    key: statusKey.worker(namespace, pool, pod),
    snapshot: () => composeStatus(identity, worker.status()),
    resource: { [attribute.workerPool]: `${namespace}/${pool}` },
  });
  await using outbox = new EventOutbox({
    writer: { pool },
    log,
    publish: (subject, payload, messageId) => link.nats.publish(subject, messageId, payload),
  });
  const gateways = new GatewayDirectory(() => link.nats.liveOthers());
  const metrics = new WorkerMetrics({ running: () => worker.running, pendingEvents: () => outbox.pending });
  shell.serves(() => metrics.registry.metrics());
  const worker: Worker = new Worker({
    name: identity.pod,
    host: identity.host,
    port: ports.workerDispatch,
    runsc: findRunsc(environment),
    runDirectory: await directory(environment, variables.runDir),
    stateDirectory: await directory(environment, variables.stateDir),
    images,
    // Whichever is current; before the first endpoints they go nowhere.
    tracer: {
      startSpan: (name, options, context) => link.tracer().startSpan(name, options, context),
    },
    logger: { emit: (record) => link.logger().emit(record) },
    addressesOf: (gatewayId) => gateways.addresses(gatewayId),
    publish: (invocation) => outbox.add(invocation),
    canRecord: (calls) => outbox.free >= calls * eventsPerCall,
    leases: natsLeases(() => link.nats.connection),
    onChange: () => link.nats.changed(),
    onRefusal: (reason) => metrics.refused(reason),
    onWarmLost: (reason) => metrics.warmLost(reason),
    onSnapshotFallback: (reason) => metrics.snapshotFallback(reason),
    onError,
  });
  shell.needs(() => worker.notReady());
  shell.needs(() => link.nats.notReady());
  await worker.open();
  const onConfig = (config: PoolConfig): void => {
    link.update(config.platform);
    worker.apply(config).catch(onError);
  };
  shell.watchConfig(poolConfigSchema, onConfig);
  shell.stands();
  log.info({ host: identity.host, pool: identity.pool }, 'worker is running');
  await shell.untilStopped();
  if (shell.isAwaited) await worker.leave(leaveMs);
  await worker.close(shell.isAwaited ? drainMs.awaited : drainMs.hurried);
  shell.endWatches();
  if (!(await outbox.flush(lastEventsMs))) {
    log.error({ pending: outbox.pending }, 'invocation events were not published');
  }
  await link[Symbol.asyncDispose]();
}
