/**
 * Runs kubectl and helm to render what is written in their languages. Argument arrays only, no network (proxies lead
 * nowhere and no git is found), no cluster, nothing of the user's home, bounded in time and output.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Where the programs are; `null`: taken not to be there. What is not said is looked for in PATH. */
export interface Programs {
  readonly kubectl?: string | null;
  readonly helm?: string | null;
}

export type Rendering = { readonly text: string } | { readonly failure: string };

/** A thousand-object kustomization takes about a second. */
const timeoutMs = 60_000;
const maxOutputBytes = 64 * 1024 * 1024;
const maxFailureLength = 400;

export function findProgram(name: string, path: string | undefined): string | undefined {
  const folders = (path ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export function programPath(name: keyof Programs, programs: Programs): string | undefined {
  const given = programs[name];
  return given === undefined ? findProgram(name, process.env['PATH']) : (given ?? undefined);
}

/** Nothing listens at port 9 (discard) of loopback: what wants the network fails at once. */
const nowhere = 'http://127.0.0.1:9';

function environmentIn(home: string): Record<string, string> {
  const proxies = ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy', 'ALL_PROXY'];
  return {
    HOME: home,
    PATH: '',
    KUBECONFIG: '/dev/null',
    TMPDIR: home,
    ...Object.fromEntries(proxies.map((name) => [name, nowhere])),
  };
}

/** The part of an error output that says why: the last line, without what a logger puts around it. */
function reasonIn(stderr: string): string {
  const lines = stderr.trim().split('\n');
  const last = lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? '';
  const quoted = /err="((?:[^"\\]|\\.)*)"/.exec(last)?.[1]?.replaceAll('\\"', '"');
  return (quoted ?? last).replace(/^error: /i, '').slice(0, maxFailureLength);
}

export function runProgram(program: string, args: readonly string[]): Rendering {
  const home = mkdtempSync(join(tmpdir(), 'clrk-render-'));
  try {
    const { error, status, stdout, stderr } = spawnSync(program, args, {
      env: environmentIn(home),
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
      timeout: timeoutMs,
      maxBuffer: maxOutputBytes,
      killSignal: 'SIGKILL',
    });
    if (error !== undefined) return { failure: failureOf(error) };
    return status === 0 ? { text: stdout } : { failure: reasonIn(stderr) || `exit code ${String(status)}` };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

function failureOf(error: Error): string {
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'ETIMEDOUT') return `it took more than ${timeoutMs / 1000} seconds`;
  if (code === 'ENOBUFS') return `its output is more than ${maxOutputBytes / 1_048_576} MiB`;
  return error.message;
}
