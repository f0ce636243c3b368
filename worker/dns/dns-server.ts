/**
 * The socket around `answerDns`: finds the occupant by the slot's address (which nft has checked against the
 * interface), limits its rate, answers, records. It must never send a packet to anyone but the slot that asked.
 */
import { createSocket, type Socket } from 'node:dgram';
import type { Refusals } from '../egress/refusal.ts';
import { decideName } from '../egress/egress-decision.ts';
import type { Occupancy } from '../egress/occupancy.ts';
import type { AgentGateways } from '../egress/egress-decision.ts';
import { answerDns } from './dns-answer.ts';

export interface DnsServerOptions {
  /** A bound UDP socket in the router namespace; becomes ours. */
  readonly fd: number;
  readonly occupancy: Occupancy;
  readonly gatewaysOf: AgentGateways;
  readonly refusals: Refusals;
  readonly onError: (error: unknown) => void;
}

export class DnsServer {
  readonly #options: DnsServerOptions;
  readonly #socket: Socket;

  private constructor(options: DnsServerOptions, socket: Socket) {
    this.#options = options;
    this.#socket = socket;
  }

  static async open(options: DnsServerOptions): Promise<DnsServer> {
    const socket = createSocket('udp4');
    const server = new DnsServer(options, socket);
    socket.on('message', (query, peer) => server.#answer(query, peer.address, peer.port));
    socket.on('error', options.onError);
    await new Promise<void>((resolve) => socket.bind({ fd: options.fd }, resolve));
    return server;
  }

  #answer(query: Buffer, ip: string, port: number): void {
    const occupant = this.#options.occupancy.byIp(ip);
    // Over its rate or after its end a sandbox gets silence: resolvers ask again. A name opens nothing, so one that waits may ask.
    if (occupant === undefined || !(occupant.waits || occupant.run !== undefined)) return;
    if (!occupant.dnsBucket.take()) return;
    const gateways = this.#options.gatewaysOf(occupant.agentId);
    const outcome = answerDns(query, (name) => decideName(gateways, occupant, name));
    if (outcome.refused !== undefined) {
      const { name, reason } = outcome.refused;
      this.#options.refusals.record(occupant, {
        reason,
        protocol: 'dns',
        hostname: name,
        port: 53,
        once: true,
      });
    }
    if (outcome.response !== undefined) this.#socket.send(outcome.response, port, ip, () => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }
}
