/**
 * Who leads, decided over a coordination.k8s.io Lease. Pure: leases as read go in, the lease to write comes out. Times
 * in the lease are never compared with our clock (clocks differ); what counts is how long *we* have seen it unchanged, by a
 * clock that only goes forward (`now`). The wall clock is written into the lease for people and never read.
 */
export interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

export interface LeaderTimes {
  readonly leaseMs: number;
  readonly renewDeadlineMs: number;
  readonly retryMs: number;
}

// controller-runtime's defaults.
export const leaderTimes: LeaderTimes = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 };

export class LeaderElection {
  readonly #identity: string;
  readonly #times: LeaderTimes;
  #observed: LeaseSpec | undefined;
  #observedAt = 0;
  #renewedAt: number | undefined;

  constructor(identity: string, times: LeaderTimes = leaderTimes) {
    this.#identity = identity;
    this.#times = times;
  }

  /** The lease as just read; undefined when there is none. */
  observe(lease: LeaseSpec | undefined, now: number): void {
    const same =
      lease?.holderIdentity === this.#observed?.holderIdentity &&
      lease?.renewTime === this.#observed?.renewTime;
    if (same && this.#observed !== undefined) return;
    this.#observed = lease;
    this.#observedAt = now;
  }

  /** The lease to write now, or undefined when another holds it. */
  propose(now: number, wallMs = now): LeaseSpec | undefined {
    if (this.#isHeldByAnother(now)) return undefined;
    return this.#lease(this.#observed, microTime(wallMs));
  }

  #lease(held: LeaseSpec | undefined, time: string): LeaseSpec {
    const mine = held?.holderIdentity === this.#identity;
    const transitions = held?.leaseTransitions ?? 0;
    return {
      holderIdentity: this.#identity,
      leaseDurationSeconds: Math.ceil(this.#times.leaseMs / 1000),
      acquireTime: mine ? (held?.acquireTime ?? time) : time,
      renewTime: time,
      leaseTransitions: mine || held === undefined ? transitions : transitions + 1,
    };
  }

  #isHeldByAnother(now: number): boolean {
    const holder = this.#observed?.holderIdentity ?? '';
    if (holder === '' || holder === this.#identity) return false;
    const heldMs = (this.#observed?.leaseDurationSeconds ?? this.#times.leaseMs / 1000) * 1000;
    return now < this.#observedAt + heldMs;
  }

  /** Our proposal was written; `startedAt` is when the write began, the safe side of its time. */
  written(lease: LeaseSpec, startedAt: number): void {
    this.#observed = lease;
    this.#observedAt = startedAt;
    this.#renewedAt = startedAt;
  }

  /** True while our last renewal is younger than the renew deadline. */
  leading(now: number): boolean {
    return this.#renewedAt !== undefined && this.leadsForMs(now) > 0;
  }

  /** How long still, without another renewal; a clock that went back says nothing, so 0. */
  leadsForMs(now: number): number {
    if (this.#renewedAt === undefined || now < this.#renewedAt) return 0;
    return Math.max(0, this.#renewedAt + this.#times.renewDeadlineMs - now);
  }

  /** Another holder was seen: we lead no more, whatever our clock says. */
  deposed(): boolean {
    return this.#renewedAt !== undefined && this.#observed?.holderIdentity !== this.#identity;
  }

  /** What to write to give the lease up at once; undefined when it is not ours. */
  release(wallMs: number): LeaseSpec | undefined {
    if (this.#observed?.holderIdentity !== this.#identity) return undefined;
    return { ...this.#observed, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(wallMs) };
  }
}

/** metav1.MicroTime wants six fractional digits. */
function microTime(wallMs: number): string {
  return new Date(wallMs).toISOString().replace(/(\.\d{3})Z$/, '$1000Z');
}
