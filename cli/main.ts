/**
 * Where the program `clrk` begins: it binds the command line to this process (streams, signals, environment) and ends
 * it with the command's exit code. Everything it could decide is in program.ts.
 */
import { randomUUID } from 'node:crypto';
import { homedir } from 'node:os';
import type { Io } from './io.ts';
import { exitCode } from './exit-code.ts';
import { runCli } from './program.ts';

/** A reader that went away (`| head`) is no error: end quietly. */
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCode.ok);
    throw error;
  });
}

let interruption: AbortController | undefined;

function takeInterruption(): AbortSignal {
  if (interruption !== undefined) return interruption.signal;
  const controller = new AbortController();
  interruption = controller;
  process.on('SIGINT', () => {
    // The second Ctrl-C means now.
    if (controller.signal.aborted) process.exit(exitCode.interrupted);
    controller.abort();
  });
  return controller.signal;
}

const io: Io = {
  environment: process.env,
  homeDirectory: homedir(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  stdoutIsTerminal: process.stdout.isTTY,
  columns: process.stdout.columns ?? 100,
  now: () => new Date(),
  randomUuid: () => randomUUID(),
  interruption: takeInterruption,
};

async function flushed(stream: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve) => {
    stream.write('', () => resolve());
  });
}

const code = await runCli(io, process.argv.slice(2));
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
process.exit(interruption?.signal.aborted === true ? exitCode.interrupted : code);
