/**
 * Starts a child that dies with its starter: `setpriv --pdeathsig` asks the kernel to send it a signal when this process
 * ends, however it ends. Apart because forgetting it once leaves an orphan after a crash. Node spawns from its main
 * thread, whose death is the process's.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import type { RotatingLog } from './rotating-log.ts';

export interface GuardedCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** The child leads its own session (its group can be signalled as one) and writes into `log`. */
export function guardedSpawn(
  what: GuardedCommand,
  log: RotatingLog,
  deathSignal: 'TERM' | 'INT' = 'TERM',
): ChildProcess {
  const child = spawn('setpriv', ['--pdeathsig', deathSignal, '--', what.command, ...what.args], {
    cwd: what.cwd,
    env: { ...what.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Ctrl-C on the terminal must reach only the supervisor, which then stops everything in order.
    detached: true,
  });
  child.stdout?.on('data', (chunk: Buffer) => log.write('stdout', chunk));
  child.stderr?.on('data', (chunk: Buffer) => log.write('stderr', chunk));
  return child;
}
