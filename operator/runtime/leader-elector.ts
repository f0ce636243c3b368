/**
 * Runs a LeaderElection against the API: reads and writes the Lease every retry period, tells when we lead or lost. The loss
 * is told at the moment the renewal is too old, not when the next attempt ends.
 */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage } from '../../contract/index.ts';
import { untilAborted, type Log } from '../../process/index.ts';
import type { KubeApi } from './api-client.ts';
import { LeaderElection, leaderTimes, type LeaderTimes, type LeaseSpec } from './leader-election.ts';
import type { KubeObject } from './object.ts';
import { builtins } from './resource.ts';

export interface LeaderElectorOptions {
  readonly api: KubeApi;
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Only goes forward. */
  readonly now: () => number;
  readonly times?: LeaderTimes;
}

type Lease = KubeObject & { readonly spec?: LeaseSpec };

export class LeaderElector {
  readonly #options: LeaderElectorOptions;
  readonly #times: LeaderTimes;
  readonly #election: LeaderElection;
  #lease: Lease | undefined;
  readonly #lost = new AbortController();
  /** Told to stop, or lost. */
  readonly #over: AbortSignal;
  #expiry: NodeJS.Timeout | undefined;

  constructor(options: LeaderElectorOptions) {
    this.#options = options;
    this.#times = options.times ?? leaderTimes;
    this.#election = new LeaderElection(options.identity, this.#times);
    // One listener a write under way.
    setMaxListeners(0, this.lost);
    this.#over = AbortSignal.any([options.signal, this.lost]);
  }

  /** Aborted when we, who led, lead no more. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Resolves when we lead (true) or the signal aborted first (false). */
  async acquire(): Promise<boolean> {
    while (!this.#options.signal.aborted) {
      await this.#try();
      if (this.#election.leading(this.#options.now())) return true;
      await this.#pause();
    }
    return false;
  }

  /** Renews until leadership is lost (true) or the signal aborts (false); then gives the lease up. */
  async hold(): Promise<boolean> {
    const lost = untilAborted(this.lost);
    while (!this.#over.aborted) {
      await this.#pause();
      await Promise.race([this.#try(), lost]);
      if (this.#election.deposed() || !this.#election.leading(this.#options.now())) this.#lose();
    }
    clearTimeout(this.#expiry);
    return this.lost.aborted;
  }

  #lose(): void {
    clearTimeout(this.#expiry);
    this.#lost.abort();
  }

  /** Aims at the moment this renewal is too old. */
  #aim(): void {
    clearTimeout(this.#expiry);
    this.#expiry = setTimeout(() => this.#lose(), this.#election.leadsForMs(this.#options.now()));
    this.#expiry.unref();
  }

  /** Lets the next replica lead at once. Call after the last write of ours. */
  async release(): Promise<void> {
    const spec = this.#election.release(Date.now());
    if (spec === undefined || this.#lease === undefined) return;
    await this.#options.api.replace(builtins.leases, withSpec(this.#lease, spec)).catch(() => undefined);
  }

  async #pause(): Promise<void> {
    await sleep(this.#times.retryMs, undefined, { signal: this.#over }).catch(() => undefined);
  }

  /** One attempt, bounded by half the renew deadline so that a hanging API server cannot hide a lost lease. */
  async #try(): Promise<void> {
    const { log, name } = this.#options;
    const limit = new AbortController();
    const late = sleep(this.#times.renewDeadlineMs / 2, undefined, { signal: limit.signal }).then(
      () => {
        throw new Error('lease call took too long');
      },
      () => undefined,
    );
    try {
      await Promise.race([this.#attempt(), late]);
    } catch (thrown) {
      log.warn({ lease: name, error: errorMessage(thrown) }, 'lease not written');
    } finally {
      limit.abort();
    }
  }

  async #attempt(): Promise<void> {
    const { api, namespace, name, now } = this.#options;
    this.#lease = await api.get(builtins.leases, { namespace, name });
    this.#election.observe(this.#lease?.spec, now());
    const startedAt = now();
    const spec = this.#election.propose(startedAt, Date.now());
    if (spec === undefined) return;
    const lease = withSpec(this.#lease ?? { metadata: { namespace, name } }, spec);
    // create and replace both fail with 409 when another was faster: the lock is the resourceVersion.
    this.#lease = await (this.#lease === undefined
      ? api.create(builtins.leases, lease)
      : api.replace(builtins.leases, lease));
    // An answer that came too late renews nothing: others were told already.
    if (this.lost.aborted) return;
    this.#election.written(spec, startedAt);
    this.#aim();
  }
}

function withSpec(lease: Lease, spec: LeaseSpec): Lease {
  const { managedFields: _dropped, ...metadata } = lease.metadata ?? {};
  return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec };
}
