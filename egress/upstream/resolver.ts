/**
 * Names to addresses, by the gateway alone: what the agent's side resolved is never used (S15). Pins first, then the
 * system resolver, answers kept briefly and in bounded number; the judgement is decision/dial.ts.
 */
import { promises as dns, type LookupAddress } from 'node:dns';
import { FairCache, type GatewayConfig } from '../../contract/index.ts';

export type Lookup = (hostname: string, family: 0 | 4 | 6) => Promise<readonly LookupAddress[]>;

// node:dns does not tell TTLs; 30 s is what Envoy's strict DNS falls back to in order of magnitude.
const keepMs = 30_000;
const maxNames = 2000;
const maxAnswers = 16;
/** Of one agent at a time; the others of its names wait. The system resolver has few threads, and a silent zone holds each. */
const lookupShare = 2;
/** Nobody waits longer for a name, its place in the queue included. */
const lookupTimeoutMs = 5_000;

/** The system resolver. The final dot keeps a cluster's search domains from answering in a public name's place. */
export const systemLookup: Lookup = (hostname, family) =>
  dns.lookup(hostname.includes('.') ? `${hostname}.` : hostname, { all: true, family, verbatim: true });

/** For places the gateway's owner named: `collector.team.svc` is completed as everywhere in the cluster. */
export const ownLookup: Lookup = (hostname, family) =>
  hostname.endsWith('.svc')
    ? dns.lookup(hostname, { all: true, family, verbatim: true })
    : systemLookup(hostname, family);

type LookupFamily = GatewayConfig['upstream']['lookupFamily'];

/** Addresses in the order to try them. */
export function orderAnswers(family: LookupFamily, answers: readonly LookupAddress[]): string[] {
  const v4 = answers.filter((answer) => answer.family === 4).map(({ address }) => address);
  const v6 = answers.filter((answer) => answer.family === 6).map(({ address }) => address);
  switch (family) {
    case 'V4Only':
      return v4;
    case 'V6Only':
      return v6;
    case 'V4Preferred':
      return v4.length > 0 ? v4 : v6;
    case 'All':
    case 'Auto':
      return answers.map(({ address }) => address);
  }
}

type Answer = Promise<readonly string[]>;

interface Queue {
  running: number;
  /** In order of arrival. */
  readonly waiting: Set<() => Promise<void>>;
}

class TimedOut extends Error {
  readonly code = 'ETIMEOUT';
}

export class Resolver {
  readonly #cache = new FairCache<Answer>({ max: maxNames, ttlMs: keepMs });
  readonly #lookup: Lookup;
  readonly #family: LookupFamily;
  readonly #queues = new Map<string, Queue>();

  constructor(lookup: Lookup, family: LookupFamily) {
    this.#lookup = lookup;
    this.#family = family;
  }

  /** Rejects when the name does not resolve in time; failures are not kept. */
  resolve(hostname: string, agentId: string): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        reject(new TimedOut());
      }, lookupTimeoutMs);
      const settle = (answer: Answer): Promise<void> =>
        answer.then(resolve, reject).finally(() => clearTimeout(timer));
      const known = this.#cache.get(hostname);
      if (known !== undefined) void settle(known);
      else {
        const start = async (): Promise<void> => {
          if (!isLate) await settle(this.#begin(hostname, agentId));
        };
        this.#inTurn(agentId, start);
      }
    });
  }

  /** Only a look-up that runs is shared: one that waits in an agent's queue would make others wait with it. */
  #begin(hostname: string, agentId: string): Answer {
    const known = this.#cache.get(hostname);
    if (known !== undefined) return known;
    const family = this.#family === 'V4Only' ? 4 : this.#family === 'V6Only' ? 6 : 0;
    const answer = this.#lookup(hostname, family).then((found) =>
      orderAnswers(this.#family, found).slice(0, maxAnswers),
    );
    this.#cache.set(agentId, hostname, answer);
    answer.catch(() => this.#cache.delete(hostname));
    return answer;
  }

  #inTurn(agentId: string, start: () => Promise<void>): void {
    const queue = this.#queues.get(agentId) ?? { running: 0, waiting: new Set() };
    this.#queues.set(agentId, queue);
    queue.waiting.add(start);
    this.#next(agentId, queue);
  }

  #next(agentId: string, queue: Queue): void {
    for (const start of queue.waiting) {
      if (queue.running >= lookupShare) return;
      queue.waiting.delete(start);
      queue.running += 1;
      void start().finally(() => {
        queue.running -= 1;
        this.#next(agentId, queue);
      });
    }
    if (queue.running === 0) this.#queues.delete(agentId);
  }
}
