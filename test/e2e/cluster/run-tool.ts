/** Runs a program of the proofs to its end; what must succeed says what it wrote when it does not. */
import { spawn } from 'node:child_process';

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ToolOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly timeoutMs?: number;
}

/** Never rejects for an exit code. */
export function runTool(file: string, args: readonly string[], options: ToolOptions = {}): Promise<Finished> {
  const { environment = {}, input, timeoutMs = 120_000 } = options;
  const child = spawn(file, [...args], {
    env: { ...process.env, NO_COLOR: '1', ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: timeoutMs,
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin.on('error', () => undefined).end(input ?? '');
  const text = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString('utf8');
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? -1, stdout: text(out), stderr: text(err) }));
  });
}

/** Standard output of what must succeed. */
export async function mustRun(
  file: string,
  args: readonly string[],
  options: ToolOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await runTool(file, args, options);
  if (code === 0) return stdout;
  throw new Error(
    `${file} ${args.join(' ').slice(0, 200)} ended with ${code}: ${stderr.trim().slice(-1500)}`,
  );
}
