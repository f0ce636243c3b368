/** Starts one process of a gateway's pod: this program again, with a channel for messages and connections. */
import { fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { getHeapStatistics } from 'node:v8';
import type { Environment } from '../../process/index.ts';
import { heapOfProcess } from './count.ts';
import type { Hands } from './member.ts';
import type { FromMember } from './message.ts';

/** The command line's word for it (cli/commands/role.ts). */
export const memberArgument = 'egress-process';

export interface MemberStart {
  readonly environment: Environment;
  readonly number: number;
  readonly processes: number;
  readonly hear: (message: FromMember) => void;
  /** Once, when all it said was heard. */
  readonly ended: (how: string) => void;
}

/** Node tells of no end of a channel while a connection is on its way there: so often it is asked. */
const listenMs = 50;

/** Whoever set the size of the heap meant that of each process. */
function heapFlags(environment: Environment, processes: number): readonly string[] {
  const set = [...process.execArgv, environment['NODE_OPTIONS'] ?? ''].join(' ');
  if (/--max[-_]old[-_]space[-_]size/.test(set)) return [];
  return [`--max-old-space-size=${heapOfProcess(getHeapStatistics().heap_size_limit, processes)}`];
}

export function startMember({ environment, number, processes, hear, ended }: MemberStart): Hands<Socket> {
  const child = fork(process.argv[1] ?? '', [memberArgument, String(number), String(processes)], {
    env: { ...environment },
    execArgv: [...process.execArgv, ...heapFlags(environment, processes)],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let how: string | undefined;
  let isSilent = false;
  let isTold = false;
  let listening: NodeJS.Timeout | undefined;
  /** Given, and not yet in its channel: one that does not read has them wait, and takes none with it. */
  const onTheWay = new Set<Socket>();
  const settle = (): void => {
    if (how === undefined || !isSilent || isTold) return;
    isTold = true;
    clearInterval(listening);
    for (const socket of onTheWay) socket.destroy();
    onTheWay.clear();
    ended(how);
  };
  const fallSilent = (): void => {
    isSilent = true;
    settle();
  };
  child.on('message', (message) => hear(message as FromMember));
  // Its last words may come after it has gone.
  child.once('disconnect', fallSilent);
  child.once('exit', (code, signal) => {
    how = `exit ${code ?? signal ?? 'unknown'}`;
    listening = setInterval(() => {
      if (!child.connected) fallSilent();
    }, listenMs);
    settle();
  });
  child.on('error', (error) => {
    if (child.pid !== undefined) return;
    how = error.message;
    fallSilent();
  });
  return {
    send: (message, socket) => {
      if (socket !== undefined) onTheWay.add(socket);
      // What is in the channel is the other's; this end is closed here, since Node would wait for the word of one that has died.
      child.send(message, socket, { keepOpen: true }, () => {
        if (socket === undefined) return;
        onTheWay.delete(socket);
        socket.destroy();
      });
    },
    kill: () => void child.kill('SIGKILL'),
  };
}
