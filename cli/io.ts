/**
 * The world a command sees: streams, environment, clock, randomness, interruption. Apart so that every command is a
 * function a test can call, and nothing below main.ts touches `process`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Readable, Writable } from 'node:stream';
import { terminalJson, terminalText } from '../contract/index.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Io {
  readonly environment: Environment;
  readonly homeDirectory: string;
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly stdoutIsTerminal: boolean;
  readonly columns: number;
  readonly now: () => Date;
  readonly randomUuid: () => string;
  /** Aborted by the first Ctrl-C. The first call takes the signal over; commands that own signals never ask. */
  readonly interruption: () => AbortSignal;
}

/** Writes to stdout and waits while the reader is slow. Resolves too when the reader has gone. */
export async function print(io: Pick<Io, 'stdout'>, text: string): Promise<void> {
  if (io.stdout.destroyed || io.stdout.write(text)) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      io.stdout.off('drain', done).off('close', done).off('error', done);
      resolve();
    };
    io.stdout.once('drain', done).once('close', done).once('error', done);
  });
}

export async function printLine(io: Pick<Io, 'stdout'>, text: string): Promise<void> {
  await print(io, text.endsWith('\n') ? text : `${text}\n`);
}

const forTerminal = { text: terminalText, json: terminalJson } as const;

/** What agents and servers say: on a terminal without what acts on it, elsewhere as it is. */
export async function printForeign(
  io: Pick<Io, 'stdout' | 'stdoutIsTerminal'>,
  text: string,
  format: keyof typeof forTerminal,
): Promise<void> {
  await printLine(io, io.stdoutIsTerminal ? forTerminal[format](text) : text);
}

/** Everything that is not the answer goes to stderr. It may quote an agent, and somebody reads it. */
export function notice(io: Pick<Io, 'stderr'>, text: string): void {
  io.stderr.write(`${terminalText(text)}\n`);
}

/** Waits, or returns early when the person pressed Ctrl-C. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    // Aborted: the caller looks at the signal.
  }
}

/** All of stdin, at most `limit` bytes; undefined when it is longer. */
export async function readAll(stream: Readable, limit: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer | string>) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > limit) return undefined;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
