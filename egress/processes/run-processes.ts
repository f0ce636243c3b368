/**
 * The gateway's pod as several processes: this one listens, watches the config, answers probes and scrapes and says what the pod is;
 * its children serve (run-member.ts). It must never read a byte of a connection.
 */
import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { Counter, Gauge } from 'prom-client';
import { gatewayConfigSchema, type GatewayStatus } from '../../contract/index.ts';
import { NatsLink, Shell, type Environment } from '../../process/index.ts';
import { listenForFrames } from '../frame-listener.ts';
import { leaveMs } from '../gateway-process.ts';
import { keyOfPlace, placeOf } from '../gateway-place.ts';
import { gatewayWord } from '../gateway-word.ts';
import { OwnDoor } from '../session/door.ts';
import { CrewFigures } from './crew-figures.ts';
import { Crew } from './crew.ts';
import { startMember } from './start-member.ts';

const tickMs = 200;
/** As often as figures are kept in case their process dies. */
const figuresMs = 5_000;
/** A process drains for 300 s and then tells what is left to be told; the pod is killed after 345. */
const endMs = 325_000;

export async function runProcesses(environment: Environment, processes: number): Promise<void> {
  await using shell = await Shell.open({ role: 'egress', environment });
  const { log, host } = shell;
  const place = placeOf(environment);
  let draining = false;
  const status = (): GatewayStatus => {
    const { connections, recordExport, recordSinks, budgets, inForce, serving } = crew;
    // Workers send nothing to who drains: neither should they to who has nobody to serve.
    const facts = { ...place, host, draining: draining || serving === 0, connections };
    return gatewayWord({ ...facts, recordExport, recordSinks, budgets, at: Date.now() }, inForce);
  };
  await using link = new NatsLink({
    ...{ role: 'egress', namespace: place.namespace, log },
    ...{ key: keyOfPlace(place), snapshot: status },
  });
  const figures = new CrewFigures();
  const unserved = new Counter({
    name: 'clrk_egress_connections_unserved_total',
    help: 'Connections closed because no process served yet',
    registers: [shell.figures],
  });
  const started = new Counter({
    name: 'clrk_egress_process_starts_total',
    help: 'Processes started to serve; each beyond the first ones takes the place of one that died',
    registers: [shell.figures],
  });
  const gauge: Gauge = new Gauge({
    name: 'clrk_egress_processes',
    help: 'Processes that serve',
    registers: [shell.figures],
    collect: () => gauge.set(crew.serving),
  });
  const crew: Crew<Socket> = new Crew<Socket>({
    size: processes,
    now: () => performance.now(),
    door: new OwnDoor(() => performance.timeOrigin + performance.now()),
    figures,
    start: (number, hear, ended) => {
      started.inc();
      return startMember({ environment, number, processes, hear, ended });
    },
    onChanged: () => link.changed(),
    onDied: (number, how) => log.error({ process: number, how }, 'a process that serves has died'),
  });
  shell.servesPage(() => figures.page(crew.askFigures(), shell.figures));
  shell.watchConfig(gatewayConfigSchema, (config) => {
    crew.use(config);
    link.update(config.platform);
  });
  shell.needs(() => crew.notReady());
  shell.needs(() => link.notReady());
  shell.stands();

  const { server, address } = await listenForFrames(host, { paused: true }, (socket) => {
    // Until it is another's.
    socket.on('error', () => socket.destroy());
    if (crew.take(socket)) return;
    unserved.inc();
    socket.destroy();
  });
  log.info({ address, processes }, 'listening');
  const timers = [setInterval(() => crew.tick(), tickMs), setInterval(() => crew.askFigures(), figuresMs)];
  crew.tick();

  await shell.untilStopped();
  draining = true;
  link.changed();
  if (shell.isAwaited) {
    crew.leave();
    await wait(leaveMs);
  }
  server.close();
  const late = setTimeout(() => crew.kill(), endMs);
  await crew.stop(!shell.isAwaited);
  shell.endWatches();
  for (const timer of [...timers, late]) clearTimeout(timer);
}
