/**
 * The candidates of one call, tried one after the other: which is first, whether there may be another, and what each try tells of
 * its Backend. After which ends the next one is tried is for decision/fallback.ts to say. It sends nothing itself.
 */
import { isRetriable, type Candidate, type TryEnd } from '../../decision/index.ts';
import type { BackendHealth, Place } from '../fallback/backend-health.ts';
import type { UpstreamError } from '../upstream/upstream-error.ts';
import type { Allowed } from './deliberation.ts';

export class Tries {
  readonly #health: BackendHealth;
  readonly #agentId: string;
  readonly #decision: Allowed;
  /** Not tried yet, in order. */
  #rest: readonly Candidate[];
  #retries: number;
  #areAllOut = false;
  /** The try that runs, until it has told how its Backend is. */
  #untold: Place | undefined;

  constructor(health: BackendHealth, agentId: string, decision: Allowed) {
    this.#health = health;
    this.#agentId = agentId;
    this.#decision = decision;
    this.#rest = decision.candidates;
    this.#retries = decision.fallback?.retries ?? 0;
  }

  get #maxEjectionMs(): number {
    return this.#decision.fallback?.maxEjectionMs ?? 0;
  }

  get #route(): string {
    const { route } = this.#decision;
    return `${route?.namespace ?? ''}/${route?.name ?? ''}`;
  }

  /** undefined: nobody keeps how it is, because nothing follows from that. */
  #placeOf({ backend, target }: Candidate): Place | undefined {
    const { candidates, route } = this.#decision;
    if (backend === undefined || route === undefined || candidates.length < 2) return undefined;
    const where = `${backend.name} ${target.hostname ?? ''}:${target.port}`;
    return { agentId: this.#agentId, namespace: route.namespace, backend: where };
  }

  /** The first that is not left out; where all are, as if none were; where all asked not to be called, the first. Called once. */
  first(): Candidate {
    if (this.#decision.fallback !== undefined) this.#health.counted(this.#agentId, this.#route);
    this.#areAllOut = this.#upcoming() === undefined;
    return this.#take(this.#upcoming() ?? this.#decision.candidates[0]);
  }

  #upcoming(): Candidate | undefined {
    return this.#rest.find((candidate) => {
      const place = this.#placeOf(candidate);
      const standing = place === undefined ? 'in' : this.#health.standingOf(place);
      return standing === 'in' || (this.#areAllOut && standing === 'out');
    });
  }

  #take(candidate: Candidate): Candidate {
    this.end();
    this.#rest = this.#rest.slice(this.#rest.indexOf(candidate) + 1);
    this.#untold = this.#placeOf(candidate);
    if (this.#untold !== undefined) this.#health.called(this.#untold);
    return candidate;
  }

  /** After a try that ended so, is there another candidate for the call? */
  mayGoOn(end: TryEnd): boolean {
    const { fallback } = this.#decision;
    return (
      fallback !== undefined &&
      this.#retries > 0 &&
      isRetriable(fallback, end) &&
      this.#upcoming() !== undefined
    );
  }

  /** The next one, where `mayGoOn`; undefined: the agent has had its second tries. */
  next(): Candidate | undefined {
    const candidate = this.#upcoming();
    if (candidate === undefined) return undefined;
    if (!this.#health.takeRetry(this.#agentId, this.#route)) return undefined;
    this.#retries -= 1;
    return this.#take(candidate);
  }

  /** In place of one that nothing was sent to. */
  instead(): Candidate | undefined {
    const candidate = this.#upcoming();
    return candidate === undefined ? undefined : this.#take(candidate);
  }

  /** The call is tried nowhere else: what would come next was decided by a policy that is no longer in force. */
  stay(): void {
    this.#rest = [];
  }

  connected(): void {
    if (this.#untold !== undefined) this.#health.connected(this.#untold, this.#maxEjectionMs);
  }

  /** `waitMs`: it asks not to be called for so long. */
  answered(status: number, waitMs: number | undefined): void {
    const { fallback } = this.#decision;
    const place = this.#untold;
    const isRefusal = fallback !== undefined && isRetriable(fallback, { kind: 'answer', status });
    this.#tell(status >= 500 || isRefusal ? 'failed' : 'well', false);
    if (place !== undefined && isRefusal && waitMs !== undefined) {
      this.#health.asksToWait(place, waitMs, this.#maxEjectionMs);
    }
  }

  /** What policy refuses is no fault of the Backend's. */
  failed({ denyReason, atHost }: UpstreamError): void {
    this.#tell(denyReason === 'upstream_tls' || denyReason === undefined ? 'failed' : 'unknown', atHost);
  }

  /** The try is over, or the call. Safe to repeat. */
  end(): void {
    this.#tell('unknown', false);
  }

  #tell(sign: 'well' | 'failed' | 'unknown', isUnreachable: boolean): void {
    if (this.#untold === undefined) return;
    this.#health.ended(this.#untold, sign, { isUnreachable, maxEjectionMs: this.#maxEjectionMs });
    this.#untold = undefined;
  }
}
