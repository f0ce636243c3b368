/**
 * A gateway core on a real loopback socket with a real TLS upstream beside it: what the tests of egress/ talk to. Apart so
 * that each test reads as a conversation. Everything it opens is closed by `close`.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { connect as connectTcp, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { encodeIdentityFrame, type GatewayConfig, type IdentityFrame } from '../../contract/index.ts';
import type { Ledger } from '../../egress/budget/ledger.ts';
import { GatewayMetrics } from '../../egress/metrics.ts';
import type { AttributeList, AttributeValue } from '../../egress/record/attribute-list.ts';
import type { AdmittingRecorder, Recorder } from '../../egress/record/recorder.ts';
import type { SpanEvent, SpanRecord } from '../../egress/record/exchange-record.ts';
import type { Door } from '../../egress/session/door.ts';
import { GatewayCore } from '../../egress/session/gateway-core.ts';
import { createSnapshot } from '../../egress/snapshot.ts';
import type { LeafIssuer } from '../../egress/tls/leaf-store.ts';
import { frameKey, gatewayCa, hosts, upstreamCa } from './gateway-config.ts';
import { issueTestLeaf } from './test-ca.ts';

const upstreamLeaf = issueTestLeaf(upstreamCa, hosts);
const issueLeaf: LeafIssuer = ({ name, keyPair }) => issueTestLeaf(gatewayCa, [name], { keyPair });

export interface UpstreamOptions {
  /** Speaks to each connection after its TLS handshake. */
  readonly serve: (socket: TLSSocket) => void;
  /** Without TLS; the socket is then a plain one that may be half open. */
  readonly plain?: boolean;
  readonly alpn?: readonly string[];
  /** Absent: calls that are counted are refused. */
  readonly ledger?: Ledger;
  /** Absent: the gateway's own. */
  readonly door?: Door;
  /** Absent: records are kept for the test to read. */
  readonly recorder?: Recorder & Partial<AdmittingRecorder>;
  readonly leaf?: { readonly certificatePem: string; readonly privateKeyPem: string };
}

/** A server of its own making, at the bed's address. */
export interface OwnUpstream {
  readonly start: (ip: string) => Promise<{ readonly port: number; close(): Promise<void> }>;
  /** As of UpstreamOptions. */
  readonly ledger?: Ledger;
}

type Attributes = Record<string, AttributeValue>;

/** A record with its attributes as objects, to be read by name. */
export interface SeenRecord extends Omit<SpanRecord, 'attributes' | 'events'> {
  readonly attributes: Attributes;
  readonly events: ReadonlyArray<Omit<SpanEvent, 'attributes'> & { readonly attributes: Attributes }>;
}

function byName({ names, values }: AttributeList): Attributes {
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
}

function seen(record: SpanRecord): SeenRecord {
  const events = record.events.map((event) => ({ ...event, attributes: byName(event.attributes) }));
  return { ...record, attributes: byName(record.attributes), events };
}

export interface GatewayBed {
  readonly core: GatewayCore;
  readonly records: SeenRecord[];
  readonly metrics: GatewayMetrics;
  readonly port: number;
  readonly upstreamIp: string;
  readonly upstreamConnections: () => number;
  /** Of those, the ones not closed yet. */
  readonly upstreamOpen: () => number;
  /** Moves the gateway's clock on. */
  advance(ms: number): void;
  configure(change: (ip: string, port: number) => GatewayConfig): void;
  frame(change?: Partial<IdentityFrame>): Buffer;
  /** A raw connection to the gateway, nothing sent yet. */
  connect(): Promise<Socket>;
  /** An agent's TLS connection to `hostname`, through frame and handshake. */
  dial(
    hostname: string,
    options?: { servername?: string; alpn?: string[]; frame?: Partial<IdentityFrame> },
  ): Promise<TLSSocket>;
  close(): Promise<void>;
}

function listen(server: Server, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, () => resolve((server.address() as AddressInfo).port));
  });
}

function stop(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy();
  return new Promise((resolve) => server.close(() => resolve()));
}

/** Adds it; false: somebody has it. */
function isAdded(ip: string): boolean {
  try {
    execFileSync('ip', ['addr', 'add', `${ip}/32`, 'dev', 'lo'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * A TEST-NET-1 address of this bed's own on `lo`: policy refuses loopback, rightly, so the upstream needs another. To add one is
 * to take it: another file's tests cannot have the same.
 */
export function addAddress(): string {
  const [start = 0] = randomBytes(1);
  for (let step = 0; step < 250; step += 1) {
    const ip = `192.0.2.${1 + ((start + step) % 250)}`;
    if (isAdded(ip)) return ip;
  }
  throw new Error('every address of 192.0.2.0/24 is taken on lo');
}

/** The same of a private range. */
export function addPrivateAddress(): string {
  const [second = 0, third = 0] = randomBytes(2);
  for (let last = 1; last < 255; last += 1) {
    const ip = `10.${second}.${third}.${last}`;
    if (isAdded(ip)) return ip;
  }
  throw new Error('every address is taken on lo');
}

async function startUpstream(
  options: UpstreamOptions,
  ip: string,
  sockets: ReadonlySet<Socket>,
  accepted: (serve: UpstreamOptions['serve'], socket: TLSSocket) => void,
): Promise<{ port: number; close(): Promise<void> }> {
  const leaf = options.leaf ?? upstreamLeaf;
  const upstream =
    options.plain === true
      ? createServer({ allowHalfOpen: true }, (socket) => accepted(options.serve, socket as TLSSocket))
      : createTlsServer(
          {
            cert: leaf.certificatePem,
            key: leaf.privateKeyPem,
            ALPNProtocols: [...(options.alpn ?? ['http/1.1'])],
          },
          (socket) => accepted(options.serve, socket),
        );
  upstream.on('tlsClientError', () => undefined);
  return { port: await listen(upstream, ip), close: () => stop(upstream, sockets) };
}

export async function openGatewayBed(options: UpstreamOptions | OwnUpstream): Promise<GatewayBed> {
  const upstreamIp = addAddress();
  const sockets = new Set<Socket>();
  const track = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  };
  let upstreamConnections = 0;
  const open = new Set<Socket>();
  const accepted = (serve: UpstreamOptions['serve'], socket: TLSSocket): void => {
    upstreamConnections += 1;
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    track(socket);
    serve(socket);
  };
  const upstream =
    'start' in options
      ? await options.start(upstreamIp)
      : await startUpstream(options, upstreamIp, sockets, accepted);
  const upstreamPort = upstream.port;
  const records: SeenRecord[] = [];
  let ahead = 0;
  const metrics = new GatewayMetrics(() => core.connections);
  const keeping = {
    record: (record: SpanRecord) => void records.push(seen(record)),
    malformed: () => undefined,
  };
  const recorder = 'start' in options ? keeping : (options.recorder ?? keeping);
  const core: GatewayCore = new GatewayCore({
    recorder: () => recorder,
    metrics,
    lookup: () => Promise.reject(new Error('no look-ups in tests')),
    now: () => Date.now() + ahead,
    ...(options.ledger === undefined ? {} : { ledger: options.ledger }),
    ...('start' in options || options.door === undefined ? {} : { door: options.door }),
    onConnections: () => undefined,
  });
  const gateway = createServer((socket) => {
    track(socket);
    core.accept(socket);
  });
  const port = await listen(gateway, '127.0.0.1');
  const ticker = setInterval(() => core.tick(), 100);

  const frame = (change: Partial<IdentityFrame> = {}): Buffer =>
    encodeIdentityFrame(
      {
        source: { ip: '100.64.0.2', port: 40000 },
        destination: { ip: '198.18.0.1', port: upstreamPort },
        agentKind: 'TaskAgent',
        namespace: 'default',
        name: 'hello',
        uid: 'u-1',
        revision: 'hello-00001',
        invocationId: 'inv-1',
        hostname: 'api.openai.com',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        pool: 'default/pool',
        issuedAt: Date.now() + ahead,
        nonce: randomBytes(16).toString('hex'),
        gateway: core.snapshot?.gateway ?? '',
        gatewayAddress: `127.0.0.1:${port}`,
        ...change,
      },
      frameKey,
    );
  const connect = (): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = connectTcp({ host: '127.0.0.1', port, noDelay: true }, () => resolve(socket));
      socket.once('error', reject);
      socket.on('error', () => socket.destroy());
    });
  const bed: GatewayBed = {
    core,
    records,
    metrics,
    port,
    upstreamIp,
    upstreamConnections: () => upstreamConnections,
    upstreamOpen: () => open.size,
    advance: (ms) => {
      ahead += ms;
    },
    configure: (change) => core.swap(createSnapshot(change(upstreamIp, upstreamPort), () => issueLeaf)),
    frame,
    connect,
    dial: async (hostname, dial = {}) => {
      const socket = await connect();
      socket.write(frame({ hostname, ...dial.frame }));
      return new Promise((resolve, reject) => {
        const tls = connectTls({
          socket,
          servername: dial.servername ?? hostname,
          ca: gatewayCa.certificatePem,
          ALPNProtocols: dial.alpn ?? ['http/1.1'],
        });
        tls.once('secureConnect', () => resolve(tls));
        tls.once('error', reject);
        tls.once('close', () => reject(new Error('closed before the handshake')));
        tls.on('error', () => tls.destroy());
      });
    },
    close: async () => {
      clearInterval(ticker);
      await stop(gateway, sockets);
      await upstream.close();
      execFileSync('ip', ['addr', 'del', `${upstreamIp}/32`, 'dev', 'lo']);
    },
  };
  return bed;
}

/** Sends text and collects what comes until `done` says so or the connection ends. */
export function converse(socket: Socket, text: string, done: (received: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const timer = setTimeout(
      () => reject(new Error(`no answer in time, got: ${received.slice(0, 500)}`)),
      40_000,
    );
    const finish = (): void => {
      clearTimeout(timer);
      socket.removeListener('data', onData);
      resolve(received);
    };
    const onData = (chunk: Buffer): void => {
      received += chunk.toString('latin1');
      if (done(received)) finish();
    };
    socket.on('data', onData);
    socket.once('close', finish);
    if (text !== '') socket.write(text, 'latin1');
  });
}

export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 40_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
