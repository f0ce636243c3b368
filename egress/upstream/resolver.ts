/**
 * Names to addresses, by the gateway alone: what the agent's side resolved is never used (S15). Pins first, then the
 * system resolver, answers kept briefly and in bounded number; the judgement is decision/dial.ts.
 */
import { promises as dns, type LookupAddress } from 'node:dns';
import { LRUCache } from 'lru-cache';
import type { GatewayConfig } from '../../contract/index.ts';

export type Lookup = (hostname: string, family: 0 | 4 | 6) => Promise<readonly LookupAddress[]>;

// node:dns does not tell TTLs; 30 s is what Envoy's strict DNS falls back to in order of magnitude.
const keepMs = 30_000;
const maxNames = 2000;
const maxAnswers = 16;

/** The system resolver. The final dot keeps a cluster's search domains from answering in a public name's place. */
export const systemLookup: Lookup = (hostname, family) =>
  dns.lookup(hostname.includes('.') ? `${hostname}.` : hostname, { all: true, family, verbatim: true });

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

export class Resolver {
  readonly #cache = new LRUCache<string, Promise<readonly string[]>>({ max: maxNames, ttl: keepMs });
  readonly #lookup: Lookup;
  readonly #family: LookupFamily;

  constructor(lookup: Lookup, family: LookupFamily) {
    this.#lookup = lookup;
    this.#family = family;
  }

  /** Rejects when the name does not resolve; failures are not kept. */
  resolve(hostname: string): Promise<readonly string[]> {
    const known = this.#cache.get(hostname);
    if (known !== undefined) return known;
    const family = this.#family === 'V4Only' ? 4 : this.#family === 'V6Only' ? 6 : 0;
    const answer = this.#lookup(hostname, family).then((found) =>
      orderAnswers(this.#family, found).slice(0, maxAnswers),
    );
    this.#cache.set(hostname, answer);
    answer.catch(() => this.#cache.delete(hostname));
    return answer;
  }
}
