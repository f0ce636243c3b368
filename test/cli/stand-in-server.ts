/**
 * An HTTP server that answers the API server's paths from a table, and a kubeconfig that points to it: the commands
 * are tested over real sockets. What the real API server answers is tested against the real one, in test/cli/real.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Io } from '../../cli/io.ts';
import { runCli } from '../../cli/program.ts';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Answer = (response: ServerResponse, request: Received) => void | Promise<void>;

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly terminal?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
  readonly columns?: number;
  readonly interrupt?: AbortSignal;
}

export const fixedNow = new Date('2026-11-23T10:01:00Z');
export const fixedId = '3f0c2a52-0b7e-4a3c-9a52-5f2e8f0b9c11';

export function json(value: unknown, status = 200): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  };
}

export function status(code: number, message: string): Answer {
  return json({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, message }, code);
}

export class StandInServer {
  readonly received: Received[] = [];
  readonly routes = new Map<string, Answer>();
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  #made: string | undefined;

  /** Of a file of tests of which none is run nothing stays. */
  get #folder(): string {
    return (this.#made ??= mkdtempSync(join(tmpdir(), 'clrk-cli-')));
  }

  get kubeconfig(): string {
    return join(this.#folder, 'kubeconfig');
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const { port } = this.#server.address() as AddressInfo;
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      clusters: [
        { name: 'test', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } },
      ],
      users: [{ name: 'test', user: { token: 'user-token' } }],
      contexts: [
        { name: 'test', context: { cluster: 'test', user: 'test', namespace: 'team' } },
        { name: 'bare', context: { cluster: 'test', user: 'test' } },
      ],
    };
    writeFileSync(this.kubeconfig, JSON.stringify(config), { mode: 0o600 });
  }

  /** `GET /path` (no query) to an answer; what has none is 404. */
  on(route: string, answer: Answer): this {
    this.routes.set(route, answer);
    return this;
  }

  reset(): void {
    this.received.length = 0;
    this.routes.clear();
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    if (this.#made !== undefined) rmSync(this.#made, { recursive: true });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://x');
    const method = request.method ?? '';
    const received = {
      method,
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: await text(request),
    };
    this.received.push(received);
    const answer =
      this.routes.get(`${method} ${url.pathname}`) ?? status(404, `no route ${method} ${url.pathname}`);
    await answer(response, received);
  }

  /** One command line against this server. */
  async run(words: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const stdout = new PassThrough();
    const stderr = new PassThrough();
    const output = text(stdout);
    const errors = text(stderr);
    const io: Io = {
      environment: { KUBECONFIG: this.kubeconfig, ...options.environment },
      homeDirectory: this.#folder,
      stdin: Readable.from(options.stdin === undefined ? [] : [Buffer.from(options.stdin)]),
      stdout,
      stderr,
      stdoutIsTerminal: options.terminal ?? false,
      columns: options.columns ?? 100,
      now: () => fixedNow,
      randomUuid: () => fixedId,
      interruption: () => options.interrupt ?? new AbortController().signal,
    };
    const code = await runCli(io, words);
    stdout.end();
    stderr.end();
    return { code, stdout: await output, stderr: await errors };
  }
}

const resource = (name: string, kind: string, shortName: string) => ({
  name,
  singularName: kind.toLowerCase(),
  namespaced: true,
  kind,
  verbs: ['get'],
  shortNames: [shortName],
  categories: ['clrk'],
});

/** Discovery of two kinds of ours. */
export const discovery = {
  kind: 'APIResourceList',
  groupVersion: 'clrk.apoxy.dev/v1alpha1',
  resources: [
    resource('taskagents', 'TaskAgent', 'ta'),
    { ...resource('taskagents/status', 'TaskAgent', 'ta'), shortNames: undefined },
    resource('workerpools', 'WorkerPool', 'wp'),
  ],
};
