/**
 * States with which MCP servers asked for input, until a call brings one back: by its digest, with the limits that the call it was
 * answered to is counted under. Each is used once, by the same agent in the same execution, at the same place. Bounded, with a share
 * for each agent; whoever is not remembered is counted anew. No clock of its own.
 */
import type { Peer } from '../pipeline/call.ts';

/** As long as a person may take to answer. */
export const inputTtlMs = 60 * 60_000;
export const maxInputs = 20_000;
/** Of one agent: its oldest goes. */
export const maxInputsOfAgent = 256;

interface Remembered {
  readonly accounts: ReadonlySet<string>;
  readonly until: number;
}

type Whose = Pick<Peer, 'agentId' | 'invocationId' | 'hostname' | 'ip' | 'port'>;

function nameOf({ invocationId, hostname, ip, port }: Whose, key: string): string {
  return JSON.stringify([invocationId, hostname ?? ip, port, key]);
}

export class InputStates {
  readonly #now: () => number;
  readonly #byAgent = new Map<string, Map<string, Remembered>>();
  #size = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  get size(): number {
    return this.#size;
  }

  remember(whose: Whose, key: string, accounts: ReadonlySet<string>): void {
    const own = this.#byAgent.get(whose.agentId) ?? new Map<string, Remembered>();
    const name = nameOf(whose, key);
    this.#size -= own.delete(name) ? 1 : 0;
    const [oldest] = own.keys();
    if (own.size >= maxInputsOfAgent && oldest !== undefined) this.#size -= own.delete(oldest) ? 1 : 0;
    if (this.#size >= maxInputs) return;
    own.set(name, { accounts, until: this.#now() + inputTtlMs });
    this.#size += 1;
    this.#byAgent.set(whose.agentId, own);
  }

  /** The limits under which a call need not be counted again; nobody else gets them. */
  take(whose: Whose, key: string): ReadonlySet<string> | undefined {
    const own = this.#byAgent.get(whose.agentId);
    const name = nameOf(whose, key);
    const found = own?.get(name);
    if (own === undefined || found === undefined) return undefined;
    own.delete(name);
    this.#size -= 1;
    if (own.size === 0) this.#byAgent.delete(whose.agentId);
    return this.#now() < found.until ? found.accounts : undefined;
  }

  /** Forgets what is too old. */
  tidy(): void {
    const now = this.#now();
    for (const [agentId, own] of this.#byAgent) {
      for (const [name, { until }] of own) {
        if (now < until) break;
        own.delete(name);
        this.#size -= 1;
      }
      if (own.size === 0) this.#byAgent.delete(agentId);
    }
  }
}
