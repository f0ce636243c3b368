/**
 * How the Backends of one gateway are, as its calls found them, and how many second tries its agents have left. The rules are
 * decision/ejection.ts and retry-budget.ts; this keeps the states, bounded and shared fairly. What the content of a call may have
 * caused (an answer, a time-out, a cut) is held against a Backend in the eyes of that call's agent alone; only that a host could
 * not be connected to is known to all. So no agent can make others lose a Backend.
 */
import { FairCache } from '../../contract/index.ts';
import {
  computeCall,
  computeCalled,
  computeHealth,
  computeRetry,
  computeWait,
  healthy,
  standingOf,
  newAllowance,
  type Health,
  type HealthSign,
  type RetryAllowance,
  type Standing,
} from '../../decision/index.ts';

/** Of Backends that are not well, and of agents at routes; what is pushed out is taken to be well. */
const maxKept = 10_000;

/** A Backend as one agent's calls of one route go there. */
export interface Place {
  readonly agentId: string;
  /** Of the route: another namespace's routes to the same host have a state of their own. */
  readonly namespace: string;
  /** Which Backend, at which host and port. */
  readonly backend: string;
}

type View = readonly [owner: string, key: string];

function ownView({ agentId, namespace, backend }: Place): View {
  return [agentId, `${agentId} ${namespace}/${backend}`];
}

function sharedView({ namespace, backend }: Place): View {
  return [`/${namespace}`, `/ ${namespace}/${backend}`];
}

export class BackendHealth {
  readonly #now: () => number;
  /** Only what is not well. */
  readonly #known = new FairCache<Health>({ max: maxKept });
  readonly #allowances = new FairCache<RetryAllowance>({ max: maxKept });

  constructor(now: () => number) {
    this.#now = now;
  }

  #change([owner, key]: View, change: (health: Health) => Health): void {
    const before = this.#known.get(key) ?? healthy;
    const after = change(before);
    if (after === before) return;
    const isWell = after.failures === 0 && after.ejections === 0 && after.waitUntil <= this.#now();
    if (isWell) this.#known.delete(key);
    else this.#known.set(owner, key, after);
  }

  standingOf(place: Place): Standing {
    const now = this.#now();
    const seen = [ownView(place), sharedView(place)].map(([, key]) =>
      standingOf(this.#known.get(key) ?? healthy, now),
    );
    return (['waits', 'out'] as const).find((each) => seen.includes(each)) ?? 'in';
  }

  /** A call of the agent is sent there. Each is followed by `ended`. */
  called(place: Place): void {
    this.#change(ownView(place), computeCalled);
    this.#change(sharedView(place), computeCalled);
  }

  /** There is a connection: that is all the others want to know. */
  connected(place: Place, maxEjectionMs: number): void {
    this.#tell(sharedView(place), 'well', maxEjectionMs);
  }

  /** What came of the call. `isUnreachable`: the host let nobody connect, whatever they wanted to say. */
  ended(place: Place, sign: HealthSign, end: { isUnreachable: boolean; maxEjectionMs: number }): void {
    const { isUnreachable, maxEjectionMs } = end;
    this.#tell(ownView(place), sign, maxEjectionMs);
    this.#tell(sharedView(place), isUnreachable ? 'failed' : 'unknown', maxEjectionMs);
  }

  #tell(view: View, sign: HealthSign, maxEjectionMs: number): void {
    // Of what is well, only that it failed is news.
    if (sign !== 'failed' && this.#known.get(view[1]) === undefined) return;
    this.#change(view, (health) => computeHealth(health, sign, { now: this.#now(), maxEjectionMs }));
  }

  /** It asked the agent not to call for so long. */
  asksToWait(place: Place, waitMs: number, maxEjectionMs: number): void {
    this.#change(ownView(place), (health) =>
      computeWait(health, waitMs, { now: this.#now(), maxEjectionMs }),
    );
  }

  /** The agent makes a call of this route, `ns/name`. */
  counted(agentId: string, route: string): void {
    const now = this.#now();
    const known = this.#allowances.get(`${agentId} ${route}`);
    if (known !== undefined) this.#allowances.set(agentId, `${agentId} ${route}`, computeCall(known, now));
  }

  /** May one of its calls be tried once more? Counts it. */
  takeRetry(agentId: string, route: string): boolean {
    const now = this.#now();
    const key = `${agentId} ${route}`;
    const after = computeRetry(this.#allowances.get(key) ?? newAllowance(now), now);
    if (after === undefined) return false;
    this.#allowances.set(agentId, key, after);
    return true;
  }
}
