/**
 * So many at once, and nobody takes all: each tenant has at most half of the slots (one at least), and those who wait are
 * served tenant by tenant. Apart because it is a queue and nothing else. Bounded: who finds it full is told so.
 */
export interface FairSlotsOptions {
  readonly slots: number;
  /** Who may wait, for each tenant. */
  readonly maxWaiting: number;
}

interface Waiting {
  readonly start: () => void;
}

export class FairSlots {
  readonly #options: FairSlotsOptions;
  readonly #share: number;
  /** Tenants in the order they are served next; those with nobody waiting are not in it. */
  readonly #queues = new Map<string, Waiting[]>();
  readonly #running = new Map<string, number>();
  #free: number;

  constructor(options: FairSlotsOptions) {
    this.#options = options;
    this.#free = options.slots;
    this.#share = Math.max(1, Math.ceil(options.slots / 2));
  }

  /** Resolves with what gives the slot back; undefined: too many wait already. Rejects when the signal fires. */
  async take(tenant: string, signal: AbortSignal): Promise<Disposable | undefined> {
    signal.throwIfAborted();
    const queue = this.#queues.get(tenant) ?? [];
    if (queue.length >= this.#options.maxWaiting) return undefined;
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        const at = queue.indexOf(waiting);
        if (at !== -1) queue.splice(at, 1);
        if (queue.length === 0 && this.#queues.get(tenant) === queue) this.#queues.delete(tenant);
        reject(signal.reason as Error);
      };
      const waiting: Waiting = {
        start: () => {
          signal.removeEventListener('abort', leave);
          resolve(this.#slot(tenant));
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      queue.push(waiting);
      this.#queues.set(tenant, queue);
      this.#serve();
    });
  }

  #slot(tenant: string): Disposable {
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        this.#free++;
        const left = (this.#running.get(tenant) ?? 1) - 1;
        if (left === 0) this.#running.delete(tenant);
        else this.#running.set(tenant, left);
        this.#serve();
      },
    };
  }

  #serve(): void {
    for (const [tenant, queue] of [...this.#queues]) {
      if (this.#free === 0) return;
      const running = this.#running.get(tenant) ?? 0;
      if (running >= this.#share) continue;
      this.#free--;
      this.#running.set(tenant, running + 1);
      const next = queue.shift();
      // Behind the others now.
      this.#queues.delete(tenant);
      if (queue.length > 0) this.#queues.set(tenant, queue);
      next?.start();
    }
    // A round served one of each; who is left may still find a slot.
    const more = [...this.#queues.keys()].some((tenant) => (this.#running.get(tenant) ?? 0) < this.#share);
    if (this.#free > 0 && more) this.#serve();
  }
}
