/**
 * A real worker for tests: real namespaces, real runsc, real sandboxes; only the image comes from a directory instead
 * of a registry, and events and telemetry are kept in memory.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  InMemorySpanExporter,
  BasicTracerProvider,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import {
  digestOf,
  type Invocation,
  type PoolAgent,
  type PoolConfig,
  type PoolGateway,
} from '../../contract/index.ts';
import type { ImageStore, ResolvedImage } from '../../oci/index.ts';
import { Worker } from '../../worker/worker.ts';
import type { WorkerOptions } from '../../worker/worker-options.ts';
import { makeCertificates, type TestCertificates } from './test-certificates.ts';
import { TestGateway } from './test-gateway.ts';
import { buildTestRoot } from './test-root.ts';

export const runscPath = join(homedir(), '.cache/clrk/tools/runsc/20260224.0/runsc');
const frameKey = Buffer.alloc(32, 7);

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  readonly text: string;
  readonly invocationId: string;
}

/** An image that never comes. */
export const onItsWay = 'test/on-its-way:1';

function directoryStore(rootfsPath: string): ImageStore {
  const image: ResolvedImage = {
    digest: digestOf('test root'),
    rootfsPath,
    config: {
      entrypoint: ['/bin/sh', '-c'],
      cmd: ['cat'],
      env: ['FROM_IMAGE=yes', 'SSL_CERT_FILE=/wrong'],
      user: '',
      workingDir: '',
    },
    sizeBytes: 0,
    sourceDigest: digestOf('test root'),
  };
  return {
    pull: (reference) => {
      if (reference === 'test/missing:1') return Promise.reject(new Error('no such image'));
      return reference === onItsWay ? new Promise(() => undefined) : Promise.resolve(image);
    },
    acquire: () => ({ image, release: () => undefined, [Symbol.dispose]: () => undefined }),
    lookup: () => image,
    usage: () => ({ bytes: 0, inodes: 0, images: 1 }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

export const testCaPem = '-----BEGIN CERTIFICATE-----\ngateway ca of the tests\n-----END CERTIFICATE-----\n';

export function testAgent(name: string, script: string, more: Partial<PoolAgent> = {}): PoolAgent {
  return {
    kind: 'TaskAgent',
    namespace: 'default',
    name,
    uid: `uid-${name}`,
    revisions: [{ name: `${name}-00001`, image: 'test/root:1', args: [script], env: [] }],
    servingRevision: `${name}-00001`,
    timeoutMs: 20_000,
    maxConcurrent: 0,
    resources: { cpuMillis: 2000, memoryBytes: 256 * 1024 * 1024, ephemeralStorageBytes: 1024 * 1024 },
    warmPoolSize: 0,
    warmPoolIdleTtlMs: 60_000,
    deliveryMode: 'Stdin',
    gateways: ['default/gw'],
    ...more,
  };
}

export class TestWorker implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'clrk-w-'));
  readonly name = `t${process.pid}-${randomUUID().slice(0, 4)}`;
  readonly events: Invocation[] = [];
  readonly spans = new InMemorySpanExporter();
  readonly logs = new InMemoryLogRecordExporter();
  readonly errors: unknown[] = [];
  readonly gateway = new TestGateway(frameKey);
  readonly worker: Worker;
  gatewayUp = true;
  #certificates: TestCertificates | undefined;

  constructor(more: Partial<WorkerOptions> = {}) {
    const root = join(this.directory, 'rootfs');
    mkdirSync(root);
    buildTestRoot(root);
    const tracer = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(this.spans)] });
    const logger = new LoggerProvider({
      processors: [new SimpleLogRecordProcessor({ exporter: this.logs })],
    });
    this.worker = new Worker({
      name: this.name,
      host: '127.0.0.1',
      port: 0,
      runsc: runscPath,
      runDirectory: join(this.directory, 'run'),
      stateDirectory: join(this.directory, 'state'),
      images: directoryStore(root),
      tracer: tracer.getTracer('test'),
      logger: logger.getLogger('test'),
      addressesOf: () => (this.gatewayUp ? [this.gateway.address] : []),
      publish: (invocation) => void this.events.push(invocation),
      onChange: () => undefined,
      onError: (error) => void this.errors.push(error),
      ...more,
    });
  }

  static async open(
    agents: readonly PoolAgent[],
    more: Partial<PoolConfig> = {},
    options: Partial<WorkerOptions> = {},
  ): Promise<TestWorker> {
    const test = new TestWorker(options);
    test.#certificates = makeCertificates(test.directory);
    await test.gateway.open();
    await test.worker.open();
    await test.apply(agents, more);
    return test;
  }

  async apply(agents: readonly PoolAgent[], more: Partial<PoolConfig> = {}): Promise<void> {
    await this.worker.apply(this.config(agents, more));
    const onTheirWay = agents.flatMap(({ namespace, revisions }) =>
      revisions.filter(({ image }) => image === onItsWay).map(({ name }) => `${namespace}/${name}`),
    );
    await waitFor(() =>
      Object.entries(this.worker.status().images).every(
        ([id, { state }]) => state !== 'Pulling' || onTheirWay.includes(id),
      ),
    );
  }

  config(agents: readonly PoolAgent[], more: Partial<PoolConfig> = {}): PoolConfig {
    const certificates = this.certificates;
    return {
      version: 1,
      digest: 'sha256:test',
      pool: { namespace: 'default', name: 'pool', uid: 'uid-pool' },
      frameKeyBase64: frameKey.toString('base64'),
      dispatchTls: { ...certificates.server, clientCaPem: certificates.caPem },
      maxExecutionsPerWorker: 0,
      agents: [...agents],
      gateways: [testGatewayConfig()],
      registries: [],
      platform: {
        caPem: '',
        nats: { url: '', jwt: '', seed: '', inbox: '' },
        otlp: { endpoint: '', token: '' },
      },
      ...more,
    };
  }

  get certificates(): TestCertificates {
    if (this.#certificates === undefined) throw new Error('not open');
    return this.#certificates;
  }

  /** One dispatch as the ingress would send it. */
  call(
    agent: string,
    body: Buffer | string = '',
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const invocationId = randomUUID();
    return new Promise((resolve, reject) => {
      const request = httpsRequest(
        {
          host: '127.0.0.1',
          port: this.worker.status().port,
          servername: 'worker.clrk.internal',
          ca: this.certificates.caPem,
          cert: this.certificates.client.certificatePem,
          key: this.certificates.client.privateKeyPem,
          method: 'POST',
          path: '/some/path?q=1',
          agent: false,
          headers: {
            'x-clrk-taskagent': `default/${agent}`,
            'x-clrk-invocation-id': invocationId,
            ...headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const all = Buffer.concat(chunks);
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              trailers: response.trailers,
              body: all,
              text: all.length < 1_000_000 ? all.toString() : '',
              invocationId,
            });
          });
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  }

  eventsOf(invocationId: string): readonly Invocation[] {
    return this.events.filter((event) => event.metadata.name === invocationId);
  }

  denyReasons(): readonly string[] {
    return this.spans
      .getFinishedSpans()
      .filter((span) => span.name === 'egress.dial.denied')
      .map((span) => {
        const { attributes } = span;
        const to = attributes['clrk.dst.name'] ?? attributes['clrk.egress.dst_addr'];
        return `${String(attributes['clrk.egress.deny_reason'])} ${String(to)} ${String(attributes['server.port'])}`;
      });
  }

  /** What this worker has on the machine besides its idle self. */
  leftovers(): readonly string[] {
    const run = join(this.directory, 'run');
    const list = (path: string): string[] => (existsSync(path) ? readdirSync(path) : []);
    return [
      ...list(join(run, 'bundles')).map((name) => `bundle ${name}`),
      ...list(join(run, 'runsc')).map((name) => `runsc ${name}`),
      ...list(`/sys/fs/cgroup/memory/clrk/sandboxes/${this.name}`)
        .filter((name) => name.startsWith('s'))
        .map((name) => `cgroup ${name}`),
      ...list('/proc')
        .filter((pid) => /^\d+$/.test(pid) && commandOf(pid).includes(run))
        .map((pid) => `process ${commandOf(pid)}`),
    ];
  }

  /** After `close`: what should be gone entirely. */
  remains(): readonly string[] {
    const mounts = readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.includes(this.directory));
    const namespaces = existsSync('/run/netns')
      ? readdirSync('/run/netns').filter((name) => name.startsWith(`clrk-${this.name}`))
      : [];
    const cgroup = existsSync(`/sys/fs/cgroup/memory/clrk/sandboxes/${this.name}`) ? ['cgroup'] : [];
    return [...this.leftovers(), ...mounts, ...namespaces, ...cgroup];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.worker.close(0);
    await this.gateway[Symbol.asyncDispose]();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

export function testGatewayConfig(more: Partial<PoolGateway['destinations']> = {}): PoolGateway {
  return {
    id: 'default/gw',
    caPem: testCaPem,
    destinations: {
      defaultPolicy: 'deny-all',
      rules: [
        {
          route: 'EgressL4Route/default/web',
          hostnames: ['api.example.com'],
          cidrs: ['203.0.113.0/24'],
          ports: [{ start: 80, end: 80 }],
          protocol: 'TCP',
        },
      ],
      platformCidrs: ['198.51.100.0/24'],
      ...more,
    },
  };
}

/** Polls until true; fails loudly after the deadline. */
export async function waitFor(condition: () => boolean, timeoutMs = 10_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('condition was not met in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
