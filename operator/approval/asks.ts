/**
 * What gateways ask of persons now, as they say it each second: what is not said again is over. In memory alone, and bounded for
 * each gateway, because a gateway is a tenant's and may say anything.
 */
import { approvalBounds, natsToken, type ApprovalAsk } from '../../contract/index.ts';
import { kinds, type EgressGateway } from '../kind.ts';
import { keyOf, type World } from '../runtime/index.ts';

/** A gateway as the subject of its question names it. */
export interface Asker {
  readonly namespace: string;
  /** As `natsToken` has it. */
  readonly gateway: string;
}

export interface HeardAsk {
  readonly ask: ApprovalAsk;
  /** Of its EgressGateway. */
  readonly gateway: string;
  /** By the clock that only goes forward. */
  readonly heardAt: number;
}

/** Ended ones are kept for a while beside those that wait. */
const maxOfGateway = approvalBounds.parked * 4;
/** Processes of one gateway ask once a second each, and once more for a new call. */
const maxReportsASecond = 50;

export function approvalName(askId: string): string {
  return `ask-${askId}`;
}

/** undefined: there is no such gateway. */
export function gatewayOf(world: World, { namespace, gateway }: Asker): EgressGateway | undefined {
  return world
    .list(kinds.egressGateway, namespace)
    .find(({ metadata }) => natsToken(metadata.name) === gateway && metadata.deletionTimestamp === undefined);
}

export class Asks {
  readonly #now: () => number;
  /** By `namespace/name` of the gateway, then of the Approval. */
  readonly #heard = new Map<string, Map<string, HeardAsk>>();
  readonly #reports = new Map<string, { second: number; count: number }>();
  /** Nothing was heard before this. */
  readonly startedAt: number;

  constructor(now: () => number) {
    this.#now = now;
    this.startedAt = now();
  }

  /** False: the gateway asks too often. */
  admits({ namespace, gateway }: Asker): boolean {
    const id = `${namespace}/${gateway}`;
    const second = Math.floor(this.#now() / 1_000);
    const known = this.#reports.get(id);
    const count = known?.second === second ? known.count + 1 : 1;
    this.#reports.set(id, { second, count });
    return count <= maxReportsASecond;
  }

  /** True: something is new of it. */
  hear(gateway: EgressGateway, ask: ApprovalAsk): boolean {
    const { namespace, name } = gateway.metadata;
    const own = this.#heard.get(keyOf(namespace, name)) ?? new Map<string, HeardAsk>();
    const key = approvalName(ask.id);
    const before = own.get(key);
    own.delete(key);
    own.set(key, { ask, gateway: name, heardAt: this.#now() });
    const [oldest] = own.keys();
    if (own.size > maxOfGateway && oldest !== undefined) own.delete(oldest);
    this.#heard.set(keyOf(namespace, name), own);
    return before?.ask.state !== ask.state;
  }

  get(namespace: string, approval: string): HeardAsk | undefined {
    for (const [gateway, own] of this.#heard) {
      if (!gateway.startsWith(`${namespace}/`)) continue;
      const found = own.get(approval);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Asked in the last seconds, and not over. */
  isWaiting(heard: HeardAsk | undefined): boolean {
    return heard?.ask.state === 'waiting' && this.#now() - heard.heardAt < approvalBounds.silentMs;
  }

  /** How long until what was heard last is too old; 0: it is. */
  leftMs(heard: HeardAsk | undefined): number {
    const at = heard?.heardAt ?? this.startedAt;
    return Math.max(0, at + approvalBounds.silentMs - this.#now());
  }

  /** Forgets what nobody speaks of. */
  tidy(): void {
    for (const [gateway, own] of this.#heard) {
      for (const [key, { heardAt }] of own) {
        if (this.#now() - heardAt > approvalBounds.silentMs * 10) own.delete(key);
      }
      if (own.size === 0) this.#heard.delete(gateway);
    }
    const second = Math.floor(this.#now() / 1_000);
    for (const [id, report] of this.#reports) if (report.second < second) this.#reports.delete(id);
  }
}
