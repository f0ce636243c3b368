/**
 * A program with an official SDK in it, unmodified: it runs in a mount namespace of its own where hosts and CA bundle are those of
 * a sandbox, so that it needs no setting. It is asked and answers in lines of JSON.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { trustEnvironment } from '../../worker/sandbox/injected-file.ts';
import type { SdkAsk, SdkResult } from './sdk-ask.ts';
import type { SandboxWay } from './sandbox-way.ts';

export interface SdkClient<Ask = SdkAsk, Result = SdkResult> {
  ask(ask: Ask): Promise<Result>;
  close(): Promise<void>;
}

/** An SDK that neither answers nor throws is a fault of ours. */
const timeoutMs = 30_000;
const mount = 'mount --bind "$0" /etc/hosts && mount --bind "$1" /etc/ssl/certs/ca-certificates.crt && shift';

export const nodeProgram = (name: string): readonly string[] => [
  process.execPath,
  '--import',
  'tsx',
  join(import.meta.dirname, 'clients', `${name}.ts`),
];

/** A program where hosts and CA bundle are those of a sandbox. */
export function sandboxed(
  { hostsFile, bundleFile }: Pick<SandboxWay, 'hostsFile' | 'bundleFile'>,
  program: readonly string[],
): { readonly command: readonly string[]; readonly environment: Readonly<Record<string, string>> } {
  const shell = ['unshare', '--mount', '--', 'sh', '-c', `${mount} && exec "$@"`];
  return { command: [...shell, hostsFile, bundleFile, ...program], environment: trustEnvironment };
}

export function startClient<Ask = SdkAsk, Result = SdkResult>(
  bed: Pick<SandboxWay, 'hostsFile' | 'bundleFile'>,
  program: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): SdkClient<Ask, Result> {
  const { command, environment: own } = sandboxed(bed, program);
  const [shell = '', ...args] = command;
  const child = spawn(shell, args, {
    cwd: join(import.meta.dirname, '../..'),
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...own, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString('utf8')).slice(-4000)));
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout });
  const closed = new Promise<void>((resolve) => child.on('close', () => resolve()));
  return {
    ask: (ask) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no result in time: ${said}`)), timeoutMs);
        const fail = (): void => reject(new Error(`the client ended: ${said}`));
        child.once('close', fail);
        lines.once('line', (line) => {
          clearTimeout(timer);
          child.off('close', fail);
          resolve(JSON.parse(line) as Result);
        });
        child.stdin.write(`${JSON.stringify(ask)}\n`);
      }),
    close: async () => {
      child.stdin.end();
      child.kill();
      await closed;
    },
  };
}
