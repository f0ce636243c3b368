/**
 * One of the processes that serve in a gateway's pod, started by the one that listens: connections and config come over its channel,
 * and so does the word to stop. It has no port; when the one that listens is gone, it ends too.
 */
import type { Socket } from 'node:net';
import { Shell, type Environment } from '../../process/index.ts';
import { drainMs, GatewayProcess } from '../gateway-process.ts';
import { placeOf } from '../gateway-place.ts';
import { DeskDoor } from './desk-door.ts';
import type { Figures, FromMember, ToMember } from './message.ts';

const beatMs = 1_000;

export interface MemberPlace {
  readonly number: number;
  readonly processes: number;
}

/** Resolves when it is sent, or cannot be. */
function tell(message: FromMember): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, undefined, {}, () => resolve());
  });
}

export async function runEgressProcess(
  environment: Environment,
  { number, processes }: MemberPlace,
): Promise<void> {
  const stop = new AbortController();
  process.once('disconnect', () => stop.abort());
  await using shell = await Shell.open({
    role: 'egress',
    environment,
    member: { number, stop: stop.signal },
  });
  const door = new DeskDoor((message) => void tell(message));
  let taken = 0;
  let isTelling = false;
  // Of all that ended in a turn at once.
  const countClosed = (): void => {
    if (isTelling) return;
    isTelling = true;
    setImmediate(() => {
      isTelling = false;
      const count = taken - gateway.core.connections;
      taken -= count;
      if (count > 0) void tell({ kind: 'closed', count });
    });
  };
  const tellState = (): void => {
    const { snapshot } = gateway.core;
    const state = {
      digest: snapshot?.digest ?? '',
      policyDigest: snapshot?.policyDigest ?? '',
      notReady: shell.notReady(),
      recordExport: gateway.copies.state,
      recordSinks: gateway.copies.sinkStates,
      budgets: gateway.core.budgets.warnings,
    };
    void tell({ kind: 'state', state });
  };
  const gateway: GatewayProcess = new GatewayProcess({
    ...{ environment, log: shell.log, place: placeOf(environment), status: undefined },
    ...{ processes, door },
    onChanged: tellState,
    onConnections: countClosed,
  });
  shell.needs(() => gateway.notReady());
  shell.stands();
  const tellFigures = async (): Promise<void> => {
    const own = await shell.figures.getMetricsAsJSON();
    await tell({
      kind: 'figures',
      figures: [...own, ...(await gateway.metrics.figures())] satisfies Figures,
    });
  };
  const take = (socket: Socket | undefined): void => {
    taken += 1;
    // It may have gone on the way.
    if (socket !== undefined) gateway.core.accept(socket);
    countClosed();
  };
  process.on('message', (message: ToMember, handle) => {
    if (message.kind === 'socket') take(handle as Socket | undefined);
    else if (message.kind === 'entry') door.answered(message.id, message.entry);
    else if (message.kind === 'figures') void tellFigures();
    else if (message.kind === 'leave') gateway.core.leave();
    else if (message.kind === 'stop') stop.abort(message.isHurried ? 'hurry' : 'SIGTERM');
    else {
      gateway.use(message.config);
      tellState();
    }
  });
  const beat = setInterval(tellState, beatMs);
  tellState();

  await shell.untilStopped();
  tellState();
  await gateway.drain(!process.connected ? 0 : drainMs(shell));
  await gateway.end();
  clearInterval(beat);
  await tellFigures();
}
