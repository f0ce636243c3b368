/**
 * What gateways ask of persons now, as they say it each second: what is not said again is over. In memory alone, and bounded for
 * each gateway, because a gateway is a tenant's and may say anything.
 */
import { approvalBounds, natsToken, type ApprovalAsk } from '../../contract/index.ts';
import { kinds, type EgressGateway } from '../kind.ts';
import { AskPace } from './ask-pace.ts';
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

/** Those that wait, and as many that ended: an agent that asks more pushes out its own. */
const maxOfAgent = 64;
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
  /** By namespace and name of the Approval. */
  readonly #heard = new Map<string, HeardAsk>();
  /** Their keys by gateway and agent, the least lately heard first. */
  readonly #ofAgent = new Map<string, Set<string>>();
  readonly #pace = new AskPace();
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

  /** False: people are asked too much already, by the agent or by all of the gateway. Each `true` counts. */
  admitsNew({ metadata: { namespace, name } }: EgressGateway, agentUid: string): boolean {
    return this.#pace.take(keyOf(namespace, name), agentUid, this.#now());
  }

  /** True: something is new of it. An ask of another gateway under the same name changes nothing. */
  hear(gateway: EgressGateway, ask: ApprovalAsk): boolean {
    const { namespace, name } = gateway.metadata;
    const key = keyOf(namespace, approvalName(ask.id));
    const before = this.#heard.get(key);
    if (before !== undefined && (before.gateway !== name || before.ask.agent.uid !== ask.agent.uid))
      return false;
    const agent = `${keyOf(namespace, name)}/${ask.agent.uid}`;
    const own = this.#ofAgent.get(agent) ?? new Set<string>();
    this.#ofAgent.set(agent, own);
    own.delete(key);
    own.add(key);
    this.#heard.set(key, { ask, gateway: name, heardAt: this.#now() });
    const [oldest] = own;
    if (own.size > maxOfAgent && oldest !== undefined) {
      own.delete(oldest);
      this.#heard.delete(oldest);
    }
    return before?.ask.state !== ask.state;
  }

  get(namespace: string, approval: string): HeardAsk | undefined {
    return this.#heard.get(keyOf(namespace, approval));
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
    const now = this.#now();
    for (const [agent, own] of this.#ofAgent) {
      for (const key of own) {
        if (now - (this.#heard.get(key)?.heardAt ?? 0) <= approvalBounds.silentMs * 10) break;
        own.delete(key);
        this.#heard.delete(key);
      }
      if (own.size === 0) this.#ofAgent.delete(agent);
    }
    this.#pace.tidy(now);
    const second = Math.floor(this.#now() / 1_000);
    for (const [id, report] of this.#reports) if (report.second < second) this.#reports.delete(id);
  }
}
