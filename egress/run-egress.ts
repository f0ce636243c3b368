/**
 * The role `clrk egress`: environment, config watch, listener, health, status and telemetry around a GatewayCore. Apart so
 * that everything it wires can run in a test without an environment. It serves nobody until a config is loaded.
 */
import { createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import {
  attribute,
  environment as variable,
  errorMessage,
  gatewayConfigSchema,
  ports,
  statusKey,
  type GatewayConfig,
  type GatewayStatus,
} from '../contract/index.ts';
import { faultOf, requireVariable, Shell, type Environment } from '../process/index.ts';
import { NatsApprovals } from './approval/nats-approvals.ts';
import { NatsLedger } from './budget/nats-ledger.ts';
import { RecordExporter } from './export/record-exporter.ts';
import { gatewayWord } from './gateway-word.ts';
import { createLeafIssuer } from './tls/leaf-issuer.ts';
import { GatewayMetrics } from './metrics.ts';
import { PlatformLink } from './platform-link.ts';
import { GatewayCore } from './session/gateway-core.ts';
import { createSnapshot } from './snapshot.ts';
import { ownLookup, systemLookup } from './upstream/resolver.ts';

// Kubernetes gives 30 s after SIGTERM by default; streams get most of it.
const drainMs = 20_000;
const exportGraceMs = 5_000;
const tickMs = 1_000;
const backlog = 1024;

export async function runEgress(env: Environment): Promise<void> {
  await using shell = await Shell.open({ role: 'egress', environment: env });
  const { log, host } = shell;
  const namespace = requireVariable(env, variable.podNamespace);
  const pod = requireVariable(env, variable.podName);
  const gateway = requireVariable(env, variable.gatewayName);
  let draining = false;

  const status = (): GatewayStatus => {
    const { connections, snapshot } = core;
    const own = { recordExport: exporter.state, budgets: core.budgets.warnings };
    const facts = { namespace, pod, gateway, host, draining, connections, ...own };
    return gatewayWord({ ...facts, at: Date.now() }, snapshot);
  };
  const exporter: RecordExporter = new RecordExporter({
    lookup: ownLookup,
    now: () => Date.now(),
    onLost: (records) => metrics.exportLost(records),
    onSent: (records) => metrics.exportSent(records),
    onChanged: () => link.changed(),
    onBroken: (error) => log.error(faultOf(error), 'the export of records broke by a defect of the gateway'),
  });
  const link = new PlatformLink({
    environment: env,
    log,
    namespace,
    key: statusKey.gateway(namespace, gateway, pod),
    status,
    onDropped: (records) => metrics.recordsDropped(records),
    onRefused: () => metrics.recordRefused(),
    copy: exporter,
  });
  const metrics: GatewayMetrics = new GatewayMetrics(() => core.connections);
  metrics.observeOutbox(() => link.outbox);
  metrics.observeExport(() => exporter);
  shell.serves(() => metrics.text());
  const core: GatewayCore = new GatewayCore({
    recorder: () => link.recorder,
    metrics,
    lookup: systemLookup,
    ownLookup,
    ledger: new NatsLedger(namespace, () => link.nats),
    approvals: new NatsApprovals({ namespace, name: gateway }, () => link.nats),
    now: () => performance.timeOrigin + performance.now(),
    unixMs: () => Date.now(),
    onWarned: () => link.changed(),
    onConnections: () => undefined,
    onBroken: (error) => log.error(faultOf(error), 'a connection was closed by a defect of the gateway'),
  });

  const onConfig = (config: GatewayConfig): void => {
    try {
      const snapshot = createSnapshot(config, createLeafIssuer);
      core.swap(snapshot);
      exporter.use(snapshot);
      link.use(config, { [attribute.egressGateway]: `${namespace}/${gateway}` });
    } catch (thrown) {
      log.error({ error: errorMessage(thrown) }, 'config cannot be used, the previous one stays');
    }
  };
  shell.watchConfig(gatewayConfigSchema, onConfig);
  shell.needs(() => (core.snapshot === undefined ? 'no config in use yet' : undefined));
  shell.needs(() => link.notReady());

  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => core.accept(socket));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port: ports.egressFrame, backlog }, resolve);
  });
  const ticker = setInterval(() => core.tick(), tickMs);
  log.info({ address: `${host}:${ports.egressFrame}` }, 'listening');

  await shell.untilStopped();
  draining = true;
  link.changed();
  server.close();
  await core.drain(drainMs, (ms) => wait(ms));
  clearInterval(ticker);
  await link.close();
  await exporter.close(exportGraceMs);
}
