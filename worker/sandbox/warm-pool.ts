/**
 * Sandboxes created ahead of need (not started), per agent revision: taken last in, first out, recycled when idle too
 * long or when what they were made for has changed. Bookkeeping; making and clearing come in as functions. One is
 * made at a time, so that warming never competes with invocations for the processor. What cannot be made waits longer each
 * time, and nothing else waits for it.
 */
import { createHash } from 'node:crypto';
import type { MadeSandbox, SandboxPlan } from './sandbox-factory.ts';

export interface WarmTarget {
  /** `ns/revision`, as in the worker's status. */
  readonly revisionId: string;
  readonly plan: SandboxPlan;
  readonly size: number;
  readonly idleTtlMs: number;
}

export interface WarmPoolOptions {
  readonly make: (plan: SandboxPlan) => Promise<MadeSandbox>;
  readonly clear: (made: MadeSandbox) => void;
  readonly now: () => number;
  readonly onChange: () => void;
  readonly onError: (error: unknown) => void;
}

interface Warm {
  readonly made: MadeSandbox;
  readonly at: number;
}

interface Failing {
  readonly pauseMs: number;
  readonly untilMs: number;
}

/** Between attempts at what cannot be made. */
const firstPauseMs = 5_000;
const longestPauseMs = 5 * 60_000;

/** Everything a created sandbox has baked in. A change of any of it makes it stale. */
export function planKey(plan: SandboxPlan): string {
  const { agent, revision, image, caPems, user } = plan;
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
  ];
  return createHash('sha256').update(JSON.stringify(baked)).digest('hex');
}

export class WarmPool {
  readonly #options: WarmPoolOptions;
  readonly #idle = new Map<string, Warm[]>();
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
          target !== undefined && index < target.size && made.sandbox.alive && now - at < target.idleTtlMs,
      );
      for (const warm of list) if (!keep.includes(warm)) this.#options.clear(warm.made);
      changed ||= keep.length !== list.length;
      if (keep.length > 0) this.#idle.set(key, keep);
      else this.#idle.delete(key);
    }
    if (changed) this.#options.onChange();
    this.#filling ??= this.#fill().finally(() => {
      this.#filling = undefined;
    });
  }

  async #fill(): Promise<void> {
    for (;;) {
      const now = this.#options.now();
      const next = [...this.#targets].find(
        ([key, target]) =>
          (this.#idle.get(key)?.length ?? 0) < target.size && (this.#failing.get(key)?.untilMs ?? now) <= now,
      );
      if (next === undefined || this.#closed) return;
      const [key, target] = next;
      try {
        const made = await this.#options.make(target.plan);
        this.#failing.delete(key);
        if (this.#closed || !this.#targets.has(key)) {
          this.#options.clear(made);
          continue;
        }
        this.#idle.set(key, [...(this.#idle.get(key) ?? []), { made, at: this.#options.now() }]);
        this.#options.onChange();
      } catch (error) {
        this.#failed(key);
        this.#options.onError(error);
      }
    }
  }

  #failed(key: string): void {
    const pauseMs = Math.min((this.#failing.get(key)?.pauseMs ?? firstPauseMs / 2) * 2, longestPauseMs);
    if (this.#targets.has(key)) this.#failing.set(key, { pauseMs, untilMs: this.#options.now() + pauseMs });
  }

  /**
   * A created sandbox for this plan, the youngest first, or undefined. Its place stays empty until the next `tick`: making
   * another while this one starts doubled its start on two cores.
   */
  take(plan: SandboxPlan): MadeSandbox | undefined {
    const list = this.#idle.get(planKey(plan));
    for (let warm = list?.pop(); warm !== undefined; warm = list?.pop()) {
      if (warm.made.sandbox.alive) {
        this.#options.onChange();
        return warm.made;
      }
      this.#options.clear(warm.made);
    }
    return undefined;
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

  async close(): Promise<void> {
    this.#closed = true;
    this.#targets.clear();
    await this.#filling;
    for (const list of this.#idle.values()) for (const { made } of list) this.#options.clear(made);
    this.#idle.clear();
  }
}
