/**
 * Runs a tool (`ip`, `nft`, `mount`, `runsc`) to its end with bounded output and time. Apart because every call
 * must end, and its error must say what was tried. It must never go through a shell.
 */
import { spawn } from 'node:child_process';
import { ClrkError } from '../../contract/index.ts';

export interface CommandOptions {
  readonly input?: string;
  /** Default 20 s: far beyond any of these tools on a busy machine. */
  readonly timeoutMs?: number;
}

const maxOutputBytes = 1024 * 1024;

/** The standard output. Throws COMMAND_FAILED with the last line of standard error. */
export async function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const child = spawn(file, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: options.timeoutMs ?? 20_000,
    killSignal: 'SIGKILL',
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  let size = 0;
  const keep = (into: Buffer[]) => (chunk: Buffer) => {
    size += chunk.length;
    if (size <= maxOutputBytes) into.push(chunk);
  };
  child.stdout.on('data', keep(out));
  child.stderr.on('data', keep(err));
  // A tool that ends before reading its input closes the pipe; its exit code is the message.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const code = await new Promise<number | string>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    child.once('close', (status, signal) => resolve(status ?? signal ?? 'unknown'));
  });
  if (code === 0) return Buffer.concat(out).toString('utf8');
  const text = Buffer.concat(err).toString('utf8').trim();
  const missing =
    code === 'ENOENT' ? { hint: `Install ${file} (iproute2, nftables and mount are needed).` } : {};
  throw new ClrkError(
    'COMMAND_FAILED',
    `${file} ${args.slice(0, 4).join(' ')} ended with ${code}: ${text.slice(-500)}`,
    missing,
  );
}
