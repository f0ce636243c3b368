/**
 * The way of a connection whose bytes pass unread: dialled when that is decided, or before, when the agent is silent and the
 * server may be the one to speak first. Whether it may be is unread.ts; who it belongs to is the connection's business.
 */
import type { Socket } from 'node:net';
import { UpstreamError } from '../upstream/upstream-error.ts';
import { CallCounting } from './call-counting.ts';
import type { Wire } from '../../contract/index.ts';
import { countCall, type CallCount, type Refusal, type UpstreamTarget } from '../../decision/index.ts';
import type { Boundary } from '../boundary.ts';
import { siteOf, type Peer } from '../pipeline/call.ts';
import type { Snapshot } from '../snapshot.ts';
import type { GatewayCore } from './gateway-core.ts';
import { Greeting } from './greeting.ts';
import type { RelayResult } from './relay.ts';
import { isDialledThere, judgeUnread, mayGoOn, relayWayOf, type Unread } from './unread.ts';

export class UnreadRelay {
  readonly #agent: Socket;
  readonly #core: GatewayCore;
  readonly #peer: Peer;
  readonly #boundary: Boundary;
  #dial: Promise<Socket> | undefined;
  #counting: CallCounting | undefined;
  #greeting: Greeting | undefined;
  #unread: Unread | undefined;
  /** Where it was dialled. */
  #target: UpstreamTarget | undefined;
  /** The agent turned out to speak something that is read. */
  #over = false;

  constructor(agent: Socket, core: GatewayCore, peer: Peer, boundary: Boundary) {
    this.#agent = agent;
    this.#core = core;
    this.#peer = peer;
    this.#boundary = boundary;
  }

  /** Bytes pass, of the server at least: no time-out of the beginning applies. */
  get running(): boolean {
    return this.#unread !== undefined || (this.#greeting?.bytes ?? 0) > 0;
  }

  /** Dials once, and counts it under the limits of what opens the place. Rejects with UpstreamError. */
  #connect(): Promise<Socket> {
    this.#dial ??= this.#dialCounted();
    return this.#dial;
  }

  #counts(): readonly CallCount[] {
    const plan = this.#core.snapshot?.plans.at(siteOf(this.#peer, false));
    return plan?.kind === 'open' ? countCall(plan.relayLimits) : [];
  }

  async #dialCounted(): Promise<Socket> {
    const counting = new CallCounting(this.#counts());
    this.#counting = counting;
    await new Promise<void>((resolve, reject) => {
      counting.begin(this.#core.budgets, this.#peer, (refused) => {
        if (refused === undefined) resolve();
        else reject(ofRefusal(refused));
      });
    });
    if (this.#over || this.#agent.destroyed) {
      counting.end();
      throw new UpstreamError('AGENT_GONE', 'the agent left');
    }
    this.#boundary.on(this.#agent, 'close', () => counting.end());
    counting.sent();
    try {
      const { snapshot } = this.#core;
      this.#target = snapshot && relayWayOf(snapshot, this.#peer)?.target;
      return await this.#core.dialRaw(this.#peer, this.#target);
    } catch (thrown) {
      counting.failed(true);
      counting.end();
      throw thrown;
    }
  }

  /** Lets the server speak first. Rejects with UpstreamError when it cannot be reached and nothing else is under way. */
  async greet(): Promise<Socket | undefined> {
    try {
      const upstream = await this.#connect();
      if (this.#over || this.#unread !== undefined) return undefined;
      if (this.#agent.destroyed) {
        upstream.destroy();
        return undefined;
      }
      this.#greeting = new Greeting(this.#agent, upstream, this.#boundary);
      return upstream;
    } catch (thrown) {
      if (this.#over || this.#unread !== undefined) return undefined;
      throw thrown;
    }
  }

  /** Ends what was begun for a server that speaks first; false: that server has spoken already. */
  takeBack(): boolean {
    this.#over = true;
    const isUnheard = this.#greeting?.drop() ?? true;
    // Nothing passed on it: what the agent does now is counted as what it is.
    if (isUnheard) this.#counting?.failed(true);
    this.#counting?.end();
    if (this.#greeting === undefined && this.#dial !== undefined) {
      this.#boundary.settle(
        this.#dial,
        (upstream) => upstream.destroy(),
        () => undefined,
      );
    }
    return isUnheard;
  }

  /** Relays until both directions are over. `first`: read from the agent already. Rejects with UpstreamError. */
  async start(wire: Wire, route: string | undefined, first: Buffer): Promise<RelayResult> {
    this.#unread = { wire, route, address: undefined };
    const upstream = await this.#connect();
    this.#counting?.end();
    this.#unread = { wire, route, address: upstream.remoteAddress ?? '' };
    const greeted = this.#greeting?.bytes ?? 0;
    this.#greeting?.handOver();
    if (first.length > 0) upstream.write(first);
    const result = await this.#core.relay(this.#peer.agentId, this.#agent, upstream);
    return { ...result, up: result.up + first.length, down: result.down + greeted };
  }

  /** Would the new policy have opened it just so (S36)? */
  mayStay(snapshot: Snapshot): boolean {
    const target = this.#target;
    if (!this.#over && target !== undefined && !isDialledThere(snapshot, this.#peer, target)) return false;
    if (this.#unread !== undefined) return mayGoOn(snapshot, this.#peer, this.#unread);
    return this.#over || this.#dial === undefined || judgeUnread(snapshot, this.#peer, 'raw') === undefined;
  }
}

function ofRefusal({ code = 'EGRESS_DENIED', message, status, reason }: Refusal): UpstreamError {
  return new UpstreamError(code, message, { status, denyReason: reason });
}
