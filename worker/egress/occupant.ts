/**
 * A sandbox in a slot: who it is. What it works for is its run, of which it has one at a time or none. Egress follows the
 * run; between runs it is held, so that nothing ever leaves under the name of a run that has ended or not begun.
 */
import type { AgentRef } from '../../contract/index.ts';
import { SyntheticAddresses } from '../dns/synthetic-address.ts';
import type { SlotAddress } from '../network/slot-address.ts';
import { TokenBucket } from '../network/token-bucket.ts';
import { Run, type RefusalTally, type RunIdentity } from './run.ts';

export interface OccupantIdentity {
  readonly sandboxId: string;
  readonly slot: SlotAddress;
  readonly agent: AgentRef & { readonly uid: string };
  readonly agentId: string;
  readonly revision: string;
  /** It lives before its first run, and perhaps between runs: what it does then is of none. */
  readonly waits?: boolean;
}

/** A resolver asks a few times a name; this is far beyond honest use. */
const dnsRate = { burst: 200, perSecond: 100 };
/** Bounds what one sandbox can write into telemetry (S50, S54); what is over is counted. */
const recordRate = { burst: 100, perSecond: 10 };
/** Connections that may wait for a run. */
const maxHeld = 64;

export class Occupant implements OccupantIdentity, RefusalTally {
  readonly sandboxId: string;
  readonly slot: SlotAddress;
  readonly agent: AgentRef & { readonly uid: string };
  readonly agentId: string;
  readonly revision: string;
  readonly waits: boolean;
  /** Of what was refused to it while it had no run. */
  readonly recorded = new Set<string>();
  suppressedRecords = 0;
  readonly names = new SyntheticAddresses();
  /** Of the agent, on their way to a gateway or joined to it. */
  connections = 0;
  readonly dnsBucket: TokenBucket;
  readonly recordBucket: TokenBucket;
  #run: Run | undefined;
  #lastRun: Run | undefined;
  #left = false;
  readonly #held = new Set<(run: Run | undefined) => void>();

  constructor(identity: OccupantIdentity, now: () => number) {
    this.sandboxId = identity.sandboxId;
    this.slot = identity.slot;
    this.agent = identity.agent;
    this.agentId = identity.agentId;
    this.revision = identity.revision;
    this.waits = identity.waits ?? false;
    this.dnsBucket = new TokenBucket({ ...dnsRate, now });
    this.recordBucket = new TokenBucket({ ...recordRate, now });
  }

  get run(): Run | undefined {
    return this.#run;
  }

  /**
   * The one now, else the one before: whose the packets are that the wall has refused by now. Undefined for one that waits: the
   * wall does not say when a packet came, and what may have been sent without a run is charged to none.
   */
  get lastRun(): Run | undefined {
    return this.waits ? undefined : this.#lastRun;
  }

  /** What was held goes on under this run. */
  begin(identity: RunIdentity): Run {
    if (this.#left || this.#run !== undefined) throw new Error('the occupant is gone or has a run');
    this.#run = new Run(identity);
    this.#lastRun = this.#run;
    this.#release(this.#run);
    return this.#run;
  }

  /** Ends the connections of the run; from here on egress is held. */
  end(): void {
    const run = this.#run;
    this.#run = undefined;
    run?.end();
  }

  /** The run now or the next; undefined when there will be none, when too much waits for one already, or when given up. */
  nextRun(givenUp?: AbortSignal): Promise<Run | undefined> {
    if (this.#run !== undefined) return Promise.resolve(this.#run);
    if (this.#left || this.#held.size >= maxHeld) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#held.add(resolve);
      givenUp?.addEventListener('abort', () => {
        this.#held.delete(resolve);
        resolve(undefined);
      });
    });
  }

  /** The sandbox is no more. */
  leave(): void {
    this.#left = true;
    this.end();
    this.#release(undefined);
  }

  #release(run: Run | undefined): void {
    for (const resolve of this.#held) resolve(run);
    this.#held.clear();
  }
}
