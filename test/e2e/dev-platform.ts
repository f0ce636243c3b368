/**
 * The development platform as an end-to-end test uses it: brought up once, its objects applied and awaited, its agents
 * called through the exposed ingress, its records read through the API server. Whatever is asked of it is asked the
 * way a person or a program of theirs would.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import type { NatsConnection } from 'nats';
import { inject } from 'vitest';
import { invocationStream, isTerminal, type Invocation } from '../../contract/index.ts';
import { keptCa } from '../../local/control-plane/certificates.ts';
import { PlatformKeys } from '../../pki/index.ts';
import { connectNats, createLog } from '../../process/index.ts';
import { loadCredentials } from '../../local/control-plane/credentials.ts';
import { parseDevState, type DevState } from '../../local/dev-state.ts';
import { findInvocation, findTrace, queryTelemetry } from '../../local/dev/telemetry-query.ts';
import { homePaths, type Home } from '../../local/home.ts';
import { ApiClient } from '../../local/kube/api-client.ts';
import { applyManifests } from '../../local/kube/apply.ts';
import type { KubeObject } from '../../local/kube/object.ts';
import { provideTools } from '../../local/tool-paths.ts';
import { startProvider, type RunningProvider } from '../../examples/provider/index.ts';
import type { SpanRecord } from '../../cli/index.ts';
import { exampleSurroundings, namespace, secret } from './agents.ts';
import { clrk, runCommand, type Finished } from './clrk-command.ts';
import { pushImages } from './pushed-images.ts';

/** Of the stand-in, as dist/examples has it. */
export const providerAddress = '198.51.100.250';

export interface Answer {
  readonly id: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly trailers: Readonly<Record<string, string | undefined>>;
}

export interface CallOptions {
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly id?: string;
}

export class DevPlatform implements AsyncDisposable {
  readonly home: Home;
  readonly client: ApiClient;
  readonly #kubectl: string;
  readonly #readerToken: string;

  private constructor(home: Home, kubectl: string) {
    this.home = home;
    this.#kubectl = kubectl;
    const credentials = loadCredentials(home.auth);
    this.#readerToken = credentials.platform['telemetry-reader'] ?? '';
    this.client = new ApiClient({
      host: '127.0.0.1',
      port: this.state.ports['apiserver'] ?? 0,
      caPem: readFileSync(join(home.pki, 'ca.crt'), 'utf8'),
      token: credentials.api.admin,
    });
  }

  /** Brings it up if no earlier file has; the tests' namespace, pool and gateway are ready then. */
  static async open(): Promise<DevPlatform> {
    const home = homePaths(inject('devHome'));
    const up = await clrk(home.root, 'dev', 'up');
    if (up.code !== 0) throw new Error(`clrk dev up: ${up.stderr}`);
    const platform = new DevPlatform(
      home,
      (await provideTools((_, work) => work(() => undefined)))('kubectl'),
    );
    await platform.#prepare();
    return platform;
  }

  async #prepare(): Promise<void> {
    const surroundings = exampleSurroundings();
    if ((await this.client.find(`/api/v1/namespaces/${namespace}/secrets/openai`)) === undefined) {
      await applyManifests(this.client, surroundings.slice(0, 1));
      const ca = keptCa(this.home.pki, 'provider-ca');
      await this.apply(
        secret('provider-ca', { 'ca.crt': ca.certificatePem }),
        secret('openai', { token: `sk-e2e-${randomUUID()}` }),
      );
    }
    await pushImages(this.home);
    await this.apply(...surroundings);
    await this.ready('workerpool/default', 'egressgateway/default');
  }

  /** The platform's own word on its ports and processes, now. */
  get state(): DevState {
    return parseDevState(readFileSync(this.home.state, 'utf8'));
  }

  /** Stock kubectl on the kubeconfig `clrk dev` writes. */
  kubectl(...args: readonly string[]): Promise<Finished> {
    return runCommand(this.#kubectl, ['--kubeconfig', this.home.kubeconfig, '-n', namespace, ...args]);
  }

  /** Like `kubectl`, for what must succeed. */
  async must(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.kubectl(...args);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  apply(...objects: readonly KubeObject[]): Promise<void> {
    return applyManifests(this.client, objects);
  }

  async ready(...names: readonly string[]): Promise<void> {
    await this.must('wait', '--for=condition=Ready', '--timeout=90s', ...names);
  }

  /** Applies agents and waits until each can be called. */
  async agents(...objects: readonly KubeObject[]): Promise<void> {
    await this.apply(...objects);
    await this.ready(...objects.map(({ metadata }) => `taskagent/${metadata.name}`));
  }

  /** The provider where the gateways expect it, with the key of the Secret. */
  async provider(): Promise<RunningProvider> {
    await this.addProviderAddress();
    const key = await this.providerKey();
    return startProvider({
      host: providerAddress,
      port: 443,
      keys: { openai: key, anthropic: key, google: key },
      ca: keptCa(this.home.pki, 'provider-ca'),
    });
  }

  /** Idempotent. */
  async addProviderAddress(): Promise<void> {
    await runCommand('ip', ['address', 'add', `${providerAddress}/32`, 'dev', 'lo']);
  }

  async providerKey(): Promise<string> {
    const encoded = await this.must('get', 'secret', 'openai', '-o', 'jsonpath={.data.token}');
    return Buffer.from(encoded, 'base64').toString('utf8');
  }

  /** One call through the ingress; rejects only when the connection fails. */
  call(agent: string, { body = '', headers = {}, id = randomUUID() }: CallOptions = {}): Promise<Answer> {
    const port = this.state.exposed['clrk-system/clrk-ingress'];
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          host: '127.0.0.1',
          port,
          method: 'POST',
          path: `/agents/${namespace}/${agent}/`,
          headers: { 'x-clrk-invocation-id': id, ...headers },
          agent: false,
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () =>
            resolve({
              id,
              status: response.statusCode ?? 0,
              headers: response.headers,
              text: Buffer.concat(chunks).toString('latin1'),
              trailers: response.trailers,
            }),
          );
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** Once terminal; undefined when it does not become so. */
  invocation(agent: string, invocation: string): Promise<Invocation | undefined> {
    const key = { namespace, agent, invocation };
    return findInvocation(this.client, this.#readerToken, key, { signal: new AbortController().signal });
  }

  /** Tests ask again and again, and end telemetry meanwhile: what nobody can say now is asked once more. */
  async #ask(path: string): Promise<readonly unknown[]> {
    return await queryTelemetry(this.client, this.#readerToken, path).catch(() => []);
  }

  /** The agent's latest thousand. */
  async invocations(agent: string): Promise<readonly Invocation[]> {
    const path = `/v1/namespaces/${namespace}/taskagents/${agent}/invocations?limit=1000`;
    return (await this.#ask(path)) as readonly Invocation[];
  }

  /** The same of a daemon, newest first. */
  async runsOfDaemon(name: string): Promise<readonly Invocation[]> {
    const path = `/v1/namespaces/${namespace}/daemonagents/${name}/invocations?limit=1000`;
    return (await this.#ask(path)) as readonly Invocation[];
  }

  /** What has been recorded of one of its runs so far. */
  async spansOfDaemon(name: string, invocation: string): Promise<readonly unknown[]> {
    const path = `/v1/namespaces/${namespace}/daemonagents/${name}/traces?invocation=${invocation}`;
    return await this.#ask(path);
  }

  /** How many terminal events the stream holds of each of the agent's invocations: what no query can fold together. */
  async terminalEvents(agent: string): Promise<ReadonlyMap<string, number>> {
    const nats = await this.nats();
    const counts = new Map<string, number>();
    try {
      const { streams } = await nats.jetstreamManager();
      const { state } = await streams.info(invocationStream.name);
      for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
        const { metadata, spec, status } = (
          await streams.getMessage(invocationStream.name, { seq })
        ).json<Invocation>();
        if (spec.parentRef.name !== agent || !isTerminal(status.phase)) continue;
        counts.set(metadata.name, (counts.get(metadata.name) ?? 0) + 1);
      }
    } finally {
      await nats.close();
    }
    return counts;
  }

  /** A connection to the platform's NATS, with what telemetry may do there. */
  nats(): Promise<NatsConnection> {
    const keys = new PlatformKeys(Buffer.from(loadCredentials(this.home.auth).root, 'base64url'));
    const access = {
      ...keys.natsUser({ role: 'telemetry' }),
      url: `tls://127.0.0.1:${this.state.ports['nats'] ?? 0}`,
      caPem: readFileSync(join(this.home.pki, 'platform-ca.crt'), 'utf8'),
    };
    return connectNats(access, { name: 'e2e', log: createLog('e2e', process.env) });
  }

  /** What has been recorded of an invocation so far. */
  async spans(agent: string, invocation: string): Promise<readonly SpanRecord[]> {
    const path = `/v1/namespaces/${namespace}/taskagents/${agent}/traces?invocation=${invocation}`;
    return (await this.#ask(path)) as readonly SpanRecord[];
  }

  /** Once complete. */
  trace(agent: string, invocation: string): Promise<readonly SpanRecord[]> {
    const key = { namespace, agent, invocation };
    return findTrace(this.client, this.#readerToken, key, { signal: new AbortController().signal });
  }

  /** Name, phase and reason of every condition, for messages. */
  async conditions(name: string): Promise<readonly Condition[]> {
    const text = await this.must('get', name, '-o', 'json');
    return (JSON.parse(text) as { status?: { conditions?: Condition[] } }).status?.conditions ?? [];
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    return Promise.resolve();
  }
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}
