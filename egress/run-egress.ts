/**
 * The role `clrk egress`: environment, config watch, listener, health, status and telemetry around a GatewayProcess, or around
 * several (processes/). It serves nobody until a config is loaded.
 */
import { availableParallelism } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { environment as variable, gatewayConfigSchema, type GatewayStatus } from '../contract/index.ts';
import { Shell, type Environment } from '../process/index.ts';
import { listenForFrames } from './frame-listener.ts';
import { placeOf } from './gateway-place.ts';
import { drainMs, GatewayProcess, leaveMs } from './gateway-process.ts';
import { gatewayWord } from './gateway-word.ts';
import { countProcesses } from './processes/count.ts';
import { runProcesses } from './processes/run-processes.ts';

export async function runEgress(env: Environment): Promise<void> {
  const processes = countProcesses(env[variable.gatewayProcesses], availableParallelism());
  if (processes > 1) await runProcesses(env, processes);
  else await runAlone(env);
}

async function runAlone(env: Environment): Promise<void> {
  await using shell = await Shell.open({ role: 'egress', environment: env });
  const { log, host } = shell;
  const place = placeOf(env);
  let draining = false;

  const status = (): GatewayStatus => {
    const { core, copies } = gateway;
    const { connections, snapshot, budgets } = core;
    const own = { recordExport: copies.state, recordSinks: copies.sinkStates, budgets: budgets.warnings };
    const facts = { ...place, host, draining, connections, ...own };
    return gatewayWord({ ...facts, at: Date.now() }, snapshot);
  };
  const gateway: GatewayProcess = new GatewayProcess({
    environment: env,
    log,
    place,
    status,
    onChanged: () => gateway.changed(),
  });
  shell.serves(() => gateway.metrics.text());
  shell.watchConfig(gatewayConfigSchema, (config) => gateway.use(config));
  shell.needs(() => gateway.notReady());
  shell.stands();

  const { server, address } = await listenForFrames(host, { paused: false }, (socket) =>
    gateway.core.accept(socket),
  );
  log.info({ address }, 'listening');

  await shell.untilStopped();
  draining = true;
  gateway.changed();
  if (shell.isAwaited) {
    gateway.core.leave();
    await wait(leaveMs);
  }
  server.close();
  await gateway.drain(drainMs(shell));
  shell.endWatches();
  await gateway.end();
}
