/**
 * Takes every TCP connection the wall caught and either joins it to a gateway behind a signed identity frame or
 * resets it at once with a record. The original destination is the accepted socket's local address (TPROXY). No
 * byte of the agent is read before the gateway has the frame, and none is ever sent anywhere else.
 */
import { randomBytes } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import {
  encodeIdentityFrame,
  type DenyReason,
  type FrameReader,
  type PoolGateway,
} from '../../contract/index.ts';
import { probeReset } from '../../process/index.ts';
import { decideConnection, type AgentGateways, type Dialled } from './egress-decision.ts';
import type { GatewayAddresses } from './gateway-directory.ts';
import type { Refusals } from './refusal.ts';
import { acceptBacklog } from '../network/ruleset.ts';
import type { Run } from './run.ts';
import type { Occupancy } from './occupancy.ts';
import type { Occupant } from './occupant.ts';

export interface ConnectorOptions {
  /** A listening transparent socket in the router namespace; becomes ours. */
  readonly fd: number;
  readonly occupancy: Occupancy;
  readonly gatewaysOf: AgentGateways;
  readonly addressesOf: GatewayAddresses;
  readonly frameKey: () => { readonly pool: string; readonly key: Uint8Array } | undefined;
  readonly refusals: Refusals;
  readonly now: () => number;
  /** How long a connection waits for a run; default 30 s. */
  readonly heldMs?: number;
  readonly onError: (error: unknown) => void;
}

/** A connection of a sandbox that lives, and the run it belongs to. */
interface Caught {
  readonly socket: Socket;
  readonly occupant: Occupant;
  readonly run: Run;
  readonly dialled: Dialled;
  readonly sourcePort: number;
}

/** One to be reset; whose it is, as far as that is known. */
type Refused = Pick<Caught, 'socket' | 'dialled'> & Partial<Pick<Caught, 'occupant' | 'run'>>;

/** A gateway that answered, and what a frame for it must say. */
interface Reached extends FrameReader {
  readonly socket: Socket;
}

/** A connection on its way to a gateway or joined to it, and the policy under which it was. */
interface Opened extends Caught {
  readonly gatewayId: string;
  gateways: readonly PoolGateway[];
}

/** One agent must not use up the gateway's sockets (S54); browsers stop at a few dozen. Two sockets of ours each. */
const maxConnectionsPerSandbox = 256;
/** How long a connection may outlive the policy that opened it, when nobody calls `revalidate`. */
const revalidateMs = 250;
/** An agent that waits for its run hears before its own patience ends that it reaches nothing. */
const defaultHeldMs = 30_000;
// "A connection error within 1 s, never a hang": a gateway is one hop away.
const dialTimeoutMs = 800;

function dial(address: string): Promise<Socket> {
  const colon = address.lastIndexOf(':');
  const socket = connect({
    host: address.slice(0, colon),
    port: Number(address.slice(colon + 1)),
    allowHalfOpen: true,
    noDelay: true,
  });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(new Error('dial timed out')), dialTimeoutMs);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}

/** Joins both directions with back-pressure and half-close; an error on one side resets the other. */
function join(agent: Socket, gateway: Socket, done: () => void): void {
  let open = 2;
  for (const [from, to] of [
    [agent, gateway],
    [gateway, agent],
  ] as const) {
    from.pipe(to);
    from.once('error', () => to.resetAndDestroy());
    from.once('close', () => {
      if (from.errored !== null || !from.readableEnded) to.resetAndDestroy();
      open -= 1;
      if (open === 0) done();
    });
  }
}

export class Connector {
  readonly #options: ConnectorOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #opened = new Set<Opened>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: ConnectorOptions) {
    this.#options = options;
    this.#server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      // The agent may reset at any time; whoever joins adds what must follow from it.
      socket.on('error', () => undefined);
      void this.#accept(socket).catch((error: unknown) => {
        socket.resetAndDestroy();
        options.onError(error);
      });
    });
    this.#server.on('error', options.onError);
    this.#server.listen({ fd: options.fd, backlog: acceptBacklog });
    this.#timer = setInterval(() => {
      this.revalidate();
      this.#probe();
    }, revalidateMs).unref();
  }

  /** Ends every connection that the gateways its agent has now would not have been asked to open (S36). */
  revalidate(): void {
    for (const opened of this.#opened) {
      const { occupant, dialled } = opened;
      const gateways = this.#options.gatewaysOf(occupant.agentId);
      // The same list says the same.
      if (gateways === opened.gateways) continue;
      opened.gateways = gateways;
      const verdict = decideConnection(gateways, occupant.agentId, dialled);
      if (verdict.open && verdict.gateway.id === opened.gatewayId) continue;
      this.#refuse(opened, verdict.open ? 'policy' : verdict.reason);
    }
  }

  /** An agent that its gateway holds back is not read, and may be gone all the same. */
  #probe(): void {
    for (const { socket } of this.#opened) if (socket.isPaused()) probeReset(socket);
  }

  async #accept(socket: Socket): Promise<void> {
    const { localAddress, localPort, remoteAddress, remotePort } = socket;
    if (localAddress === undefined || localPort === undefined || remoteAddress === undefined) {
      socket.resetAndDestroy();
      return;
    }
    const occupant = this.#options.occupancy.byIp(remoteAddress);
    const hostname = occupant?.names.nameOf(localAddress);
    const dialled: Dialled = { ip: localAddress, port: localPort, hostname };
    if (occupant === undefined) return this.#refuse({ socket, dialled }, 'orphan_sandbox');
    // Held between runs: what leaves now would have no run to be recorded under.
    const run = occupant.run ?? (await this.#nextRun(socket, occupant));
    if (run === undefined) {
      const lives = this.#options.occupancy.byIp(remoteAddress) === occupant;
      return this.#refuse({ socket, occupant, dialled }, lives ? 'limit' : 'orphan_sandbox');
    }
    return this.#route({ socket, occupant, run, dialled, sourcePort: remotePort ?? 0 });
  }

  async #nextRun(socket: Socket, occupant: Occupant): Promise<Run | undefined> {
    const givenUp = new AbortController();
    const timer = setTimeout(() => givenUp.abort(), this.#options.heldMs ?? defaultHeldMs);
    socket.once('close', () => givenUp.abort());
    try {
      return await occupant.nextRun(givenUp.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  async #route(caught: Caught): Promise<void> {
    const { socket, occupant, run, dialled } = caught;
    // It has ended while this was on its way here: nothing is left that could be charged for it.
    if (run.ended || socket.destroyed) return void socket.resetAndDestroy();
    const gateways = this.#options.gatewaysOf(occupant.agentId);
    const verdict = decideConnection(gateways, occupant.agentId, dialled);
    if (!verdict.open) return this.#refuse(caught, verdict.reason);
    if (occupant.connections >= maxConnectionsPerSandbox) {
      return this.#refuse(caught, 'limit');
    }
    const opened: Opened = { ...caught, gatewayId: verdict.gateway.id, gateways };
    this.#open(opened);
    const reached = await this.#dialGateway(verdict.gateway);
    if (socket.destroyed) {
      reached?.socket.destroy();
      return;
    }
    if (reached === undefined) return this.#refuse(caught, 'gateway_unavailable');
    this.#hand(caught, reached);
  }

  #open(opened: Opened): void {
    const { socket, occupant, run } = opened;
    this.#opened.add(opened);
    run.sockets.add(socket);
    occupant.connections += 1;
    socket.once('close', () => {
      this.#opened.delete(opened);
      run.sockets.delete(socket);
      occupant.connections -= 1;
    });
  }

  async #dialGateway(gateway: PoolGateway): Promise<Reached | undefined> {
    for (const address of this.#options.addressesOf(gateway.id).slice(0, 3)) {
      try {
        return { socket: await dial(address), gateway: gateway.id, gatewayAddress: address };
      } catch {
        // The next replica; when none is left the caller records gateway_unavailable.
      }
    }
    return undefined;
  }

  #hand(caught: Caught, reached: Reached): void {
    const { socket, occupant, run, dialled, sourcePort } = caught;
    const { socket: gateway, ...reader } = reached;
    const identity = this.#options.frameKey();
    if (identity === undefined) {
      gateway.destroy();
      return this.#refuse(caught, 'gateway_unavailable');
    }
    const frame = encodeIdentityFrame(
      {
        source: { ip: occupant.slot.sandboxIp, port: sourcePort },
        destination: { ip: dialled.ip, port: dialled.port },
        agentKind: occupant.agent.kind,
        namespace: occupant.agent.namespace,
        name: occupant.agent.name,
        uid: occupant.agent.uid,
        revision: occupant.revision,
        invocationId: run.invocationId,
        ...(dialled.hostname === undefined ? {} : { hostname: dialled.hostname }),
        traceparent: run.traceparent,
        pool: identity.pool,
        issuedAt: this.#options.now(),
        nonce: randomBytes(16).toString('hex'),
        ...reader,
      },
      identity.key,
    );
    this.#sockets.add(gateway);
    run.sockets.add(gateway);
    gateway.write(frame);
    join(socket, gateway, () => {
      this.#sockets.delete(gateway);
      run.sockets.delete(gateway);
    });
  }

  #refuse(refused: Refused, reason: DenyReason): void {
    const { socket, occupant, run, dialled } = refused;
    const { ip, port, hostname } = dialled;
    socket.resetAndDestroy();
    const named = hostname === undefined ? {} : { hostname };
    this.#options.refusals.record(occupant, { reason, protocol: 'tcp', ip, port, ...named }, run);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
