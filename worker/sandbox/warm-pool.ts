/**
 * Sandboxes made ahead of need (created, or with their agent started too), per agent revision: recycled when idle too
 * long or when what they were made for has changed. Bookkeeping; making and clearing come in as functions. One is
 * made at a time, so that warming never competes with invocations for the processor. What cannot be made, or does not wait
 * for its run, waits longer each time before it is made again, and nothing else waits for it.
 */
import { createHash } from 'node:crypto';
import type { WarmTrouble } from '../../contract/index.ts';
import type { LossReason, Standby } from '../standby/standby.ts';
import { SnapshotError } from '../snapshot/snapshot-error.ts';
import type { MadeSandbox, SandboxPlan } from './sandbox-factory.ts';

export interface WarmSandbox extends MadeSandbox {
  /** Absent: its agent is started by its run. */
  readonly standby?: Standby;
}

export interface WarmTarget {
  /** `ns/revision`, as in the worker's status. */
  readonly revisionId: string;
  readonly plan: SandboxPlan;
  readonly size: number;
  readonly idleTtlMs: number;
}

export interface WarmPoolOptions {
  readonly make: (plan: SandboxPlan) => Promise<WarmSandbox>;
  readonly clear: (made: WarmSandbox) => void;
  readonly now: () => number;
  readonly onChange: () => void;
  readonly onLost: (reason: LossReason) => void;
  readonly onError: (error: unknown) => void;
}

interface Warm {
  readonly made: WarmSandbox;
  readonly madeAt: number;
  /** Made, or back from a run. */
  readonly at: number;
}

interface Failing {
  readonly pauseMs: number;
  readonly untilMs: number;
  readonly reason: WarmTrouble;
}

/** Between attempts at what cannot be made. */
const firstPauseMs = 5_000;
const longestPauseMs = 5 * 60_000;
/** Whoever has waited for so long can wait. */
const steadyMs = 60_000;

/** Everything a sandbox has baked in, or its agent may have seen. A change of any of it makes it stale. */
export function planKey(plan: SandboxPlan): string {
  const { agent, revision, image, caPems, user, policy } = plan;
  const baked = [
    agent.namespace,
    agent.name,
    agent.uid,
    agent.resources,
    agent.state,
    revision,
    image.digest,
    user,
    caPems,
    ...(agent.standby === undefined ? [] : [agent.standby, agent.deliveryMode, policy]),
  ];
  return createHash('sha256').update(JSON.stringify(baked)).digest('hex');
}

const isFit = ({ sandbox, standby }: WarmSandbox): boolean => sandbox.alive && (standby?.isFit ?? true);

export class WarmPool {
  readonly #options: WarmPoolOptions;
  readonly #idle = new Map<string, Warm[]>();
  /** Of those that come back: on a run, by what they were made for. */
  readonly #out = new Map<WarmSandbox, { readonly key: string; readonly madeAt: number }>();
  readonly #failing = new Map<string, Failing>();
  #targets = new Map<string, WarmTarget>();
  #filling: Promise<void> | undefined;
  #closed = false;

  constructor(options: WarmPoolOptions) {
    this.#options = options;
  }

  /** Says what should be warm now; drops the rest and starts filling. */
  apply(targets: readonly WarmTarget[]): void {
    this.#targets = new Map(targets.map((target) => [planKey(target.plan), target]));
    for (const key of this.#failing.keys()) if (!this.#targets.has(key)) this.#failing.delete(key);
    this.tick();
  }

  /** Recycles what is too old or unwanted, then fills. To be called now and then. */
  tick(): void {
    const now = this.#options.now();
    let changed = false;
    for (const [key, list] of this.#idle) {
      const target = this.#targets.get(key);
      const keep = list.filter(
        ({ made, at }, index) =>
          target !== undefined && index < target.size && isFit(made) && now - at < target.idleTtlMs,
      );
      for (const warm of list) if (!keep.includes(warm)) this.#options.clear(warm.made);
      if (keep.some(({ madeAt }) => now - madeAt >= steadyMs)) this.#failing.delete(key);
      changed ||= keep.length !== list.length;
      if (keep.length > 0) this.#idle.set(key, keep);
      else this.#idle.delete(key);
    }
    if (changed) this.#options.onChange();
    this.#filling ??= this.#fill().finally(() => {
      this.#filling = undefined;
    });
  }

  #missing(key: string, { size }: WarmTarget): boolean {
    return (this.#idle.get(key)?.length ?? 0) + this.#outOf(key) < size;
  }

  #outOf(key: string): number {
    return [...this.#out.values()].filter((each) => each.key === key).length;
  }

  async #fill(): Promise<void> {
    for (;;) {
      const now = this.#options.now();
      const next = [...this.#targets].find(
        ([key, target]) => this.#missing(key, target) && (this.#failing.get(key)?.untilMs ?? now) <= now,
      );
      if (next === undefined || this.#closed) return;
      const [key, target] = next;
      try {
        const made = await this.#options.make(target.plan);
        // Of one whose agent runs already it is not known yet whether it waits.
        if (made.standby === undefined) this.#failing.delete(key);
        if (this.#closed || !this.#targets.has(key)) {
          this.#options.clear(made);
          continue;
        }
        this.#keep(key, made, this.#options.now());
        void made.standby?.lost.then((reason) => this.#lose(key, made, reason));
      } catch (error) {
        this.#notMade(key, error);
      }
    }
  }

  #notMade(key: string, error: unknown): void {
    // Given up because nobody wants it any more: nothing went wrong.
    if (!this.#targets.has(key)) return;
    this.#failed(key, error instanceof SnapshotError ? error.trouble : 'SandboxFailed');
    this.#options.onError(error);
  }

  #keep(key: string, made: WarmSandbox, madeAt: number): void {
    const warm = { made, madeAt, at: this.#options.now() };
    this.#idle.set(key, [...(this.#idle.get(key) ?? []), warm]);
    this.#options.onChange();
  }

  /** One that did not wait. What is lost on a run is the run's to tell of. */
  #lose(key: string, made: WarmSandbox, reason: LossReason): void {
    const list = this.#idle.get(key) ?? [];
    if (!list.some((warm) => warm.made === made)) return;
    this.#idle.set(
      key,
      list.filter((warm) => warm.made !== made),
    );
    this.#failed(key, reason);
    this.#options.clear(made);
    this.#options.onLost(reason);
    this.#options.onChange();
  }

  #failed(key: string, reason: WarmTrouble): void {
    const pauseMs = Math.min((this.#failing.get(key)?.pauseMs ?? firstPauseMs / 2) * 2, longestPauseMs);
    if (!this.#targets.has(key)) return;
    this.#failing.set(key, { pauseMs, untilMs: this.#options.now() + pauseMs, reason });
  }

  /**
   * A sandbox for this plan, or undefined: the youngest, or of those whose agent was started the one that has waited longest.
   * Its place stays empty until the next `tick`: making another while this one starts doubled its start on two cores.
   */
  take(plan: SandboxPlan): WarmSandbox | undefined {
    const key = planKey(plan);
    const list = this.#idle.get(key) ?? [];
    const next = (): Warm | undefined => (plan.agent.standby === undefined ? list.pop() : list.shift());
    for (let warm = next(); warm !== undefined; warm = next()) {
      const { made, madeAt } = warm;
      if (!isFit(made)) {
        this.#options.clear(made);
        continue;
      }
      if (made.standby !== undefined) this.#failing.delete(key);
      if (made.standby?.isResident === true) {
        this.#out.set(made, { key, madeAt });
        void made.sandbox.ended.then(() => this.#out.delete(made));
      }
      this.#options.onChange();
      return made;
    }
    return undefined;
  }

  /** One that was taken has ended its run: it waits for the next if it may and is wanted, else it is cleared. */
  giveBack(made: WarmSandbox): void {
    const taken = this.#out.get(made);
    this.#out.delete(made);
    const target = taken === undefined ? undefined : this.#targets.get(taken.key);
    const isWanted = taken !== undefined && target !== undefined && this.#missing(taken.key, target);
    if (this.#closed || !isWanted || !isFit(made)) return this.#options.clear(made);
    this.#keep(taken.key, made, taken.madeAt);
  }

  /** Idle sandboxes by revision id. */
  counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const [key, list] of this.#idle) {
      const id = this.#targets.get(key)?.revisionId;
      if (id !== undefined && list.length > 0) counts[id] = (counts[id] ?? 0) + list.length;
    }
    return counts;
  }

  /** Why there are too few, by revision id. */
  troubles(): Record<string, WarmTrouble> {
    return Object.fromEntries(
      [...this.#failing].flatMap(([key, { reason }]) => {
        const id = this.#targets.get(key)?.revisionId;
        return id === undefined ? [] : [[id, reason] as const];
      }),
    );
  }

  /** How many are to be made and can be, as far as is known. */
  get coming(): number {
    const missing = [...this.#targets].map(([key, { size }]) =>
      this.#failing.has(key) ? 0 : size - (this.#idle.get(key)?.length ?? 0) - this.#outOf(key),
    );
    return missing.reduce((sum, count) => sum + Math.max(0, count), 0);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#targets.clear();
    await this.#filling;
    for (const list of this.#idle.values()) for (const { made } of list) this.#options.clear(made);
    this.#idle.clear();
  }
}
