/**
 * Who is behind which slot, now. The connector, the DNS and the metadata server find the sandbox here, by the
 * slot's address and by nothing the agent says (S13). A tenant exists from just before the sandbox starts until its
 * processes are dead.
 */
import type { Socket } from 'node:net';
import type { AgentRef } from '../../contract/index.ts';
import { SyntheticAddresses } from '../dns/synthetic-address.ts';
import { slotIndexOf, type SlotAddress } from '../network/slot-address.ts';
import { TokenBucket } from '../network/token-bucket.ts';

export interface TenantIdentity {
  readonly sandboxId: string;
  readonly slot: SlotAddress;
  readonly agent: AgentRef & { readonly uid: string };
  readonly agentId: string;
  readonly revision: string;
  readonly invocationId: string;
  /** Of the sandbox.invoke span: parent of every outbound call. */
  readonly traceparent: string;
}

/** A resolver asks a few times a name; this is far beyond honest use. */
const dnsRate = { burst: 200, perSecond: 100 };
/** Bounds what one sandbox can write into telemetry (S50, S54); what is over is counted. */
const recordRate = { burst: 100, perSecond: 10 };

export class Tenant implements TenantIdentity {
  readonly sandboxId: string;
  readonly slot: SlotAddress;
  readonly agent: AgentRef & { readonly uid: string };
  readonly agentId: string;
  readonly revision: string;
  readonly invocationId: string;
  readonly traceparent: string;
  readonly names = new SyntheticAddresses();
  readonly sockets = new Set<Socket>();
  /** Of the agent, on their way to a gateway or joined to it. */
  connections = 0;
  readonly dnsBucket: TokenBucket;
  readonly recordBucket: TokenBucket;
  /** Refusals already recorded that need no second record (DNS questions repeat themselves). */
  readonly recorded = new Set<string>();
  suppressedRecords = 0;

  constructor(identity: TenantIdentity, now: () => number) {
    this.sandboxId = identity.sandboxId;
    this.slot = identity.slot;
    this.agent = identity.agent;
    this.agentId = identity.agentId;
    this.revision = identity.revision;
    this.invocationId = identity.invocationId;
    this.traceparent = identity.traceparent;
    this.dnsBucket = new TokenBucket({ ...dnsRate, now });
    this.recordBucket = new TokenBucket({ ...recordRate, now });
  }
}

export class Tenancy {
  readonly #bySlot = new Map<number, Tenant>();
  readonly #departed = new Map<number, Tenant>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  enter(identity: TenantIdentity): Tenant {
    if (this.#bySlot.has(identity.slot.index)) throw new Error(`slot ${identity.slot.index} is taken`);
    const tenant = new Tenant(identity, this.#now);
    this.#bySlot.set(identity.slot.index, tenant);
    return tenant;
  }

  /** Ends every connection of the tenant; from here on its slot is nobody's. */
  leave(tenant: Tenant): void {
    if (this.#bySlot.get(tenant.slot.index) === tenant) this.#bySlot.delete(tenant.slot.index);
    this.#departed.set(tenant.slot.index, tenant);
    // Reset: a clean end would look to the gateway like an agent that has asked and waits for the answer.
    for (const socket of tenant.sockets) socket.resetAndDestroy();
    tenant.sockets.clear();
  }

  /** Who last lived behind a slot, once: what the wall still has on record is theirs. */
  takeDeparted(slotIndex: number): Tenant | undefined {
    const tenant = this.#departed.get(slotIndex);
    this.#departed.delete(slotIndex);
    return tenant;
  }

  byIp(ip: string): Tenant | undefined {
    const index = slotIndexOf(ip);
    return index === undefined ? undefined : this.#bySlot.get(index);
  }

  get size(): number {
    return this.#bySlot.size;
  }
}
