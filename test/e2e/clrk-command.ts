/** Runs the project's own commands as a person does: `clrk …` and `npm start`, with a home of the tests' own. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from '../../local/root.ts';

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly uid?: number;
}

/** Never rejects for an exit code. */
export function runCommand(
  command: string,
  args: readonly string[],
  { environment = {}, uid }: CommandOptions = {},
): Promise<Finished> {
  const child = spawn(command, [...args], {
    cwd: repositoryRoot,
    env: { ...process.env, NO_COLOR: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
  });
}

export function clrk(home: string, ...args: readonly string[]): Promise<Finished> {
  return runCommand(process.execPath, [join(repositoryRoot, 'bin/clrk.mjs'), ...args], {
    environment: { CLRK_HOME: home },
  });
}
