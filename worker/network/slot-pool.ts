/**
 * Network slots made ahead of need, so that a dispatch never waits for `ip` while there are some. Bookkeeping only;
 * making, renewing and deleting come in as functions. A slot serves one sandbox at a time, and goes back to the
 * ready ones only after it was renewed; one that cannot be renewed is deleted.
 */
import { ClrkError } from '../../contract/index.ts';
import { maxSlots, type SlotAddress } from './slot-address.ts';

export interface SlotPoolOptions {
  readonly address: (index: number) => SlotAddress;
  readonly make: (slots: readonly SlotAddress[]) => Promise<void>;
  readonly renew: (slot: SlotAddress) => Promise<void>;
  readonly remove: (slots: readonly SlotAddress[]) => Promise<void>;
  /** How many to keep ready. */
  readonly ready: number;
  readonly onError: (error: unknown) => void;
}

interface Waiter {
  readonly resolve: (slot: SlotAddress) => void;
  readonly reject: (error: unknown) => void;
}

export class SlotPool {
  readonly #options: SlotPoolOptions;
  readonly #ready: SlotAddress[] = [];
  readonly #made = new Set<number>();
  readonly #waiters: Waiter[] = [];
  #filling: Promise<void> | undefined;
  #renewing = 0;
  #closed = false;

  constructor(options: SlotPoolOptions) {
    this.#options = options;
  }

  get readyCount(): number {
    return this.#ready.length;
  }

  /** Makes what is missing; one batch at a time. */
  fill(): Promise<void> {
    this.#filling ??= this.#fill().finally(() => {
      this.#filling = undefined;
    });
    return this.#filling;
  }

  async #fill(): Promise<void> {
    while (!this.#closed) {
      const slots = this.#missing().map((index) => this.#options.address(index));
      if (slots.length === 0) return;
      for (const { index } of slots) this.#made.add(index);
      try {
        await this.#options.make(slots);
      } catch (error) {
        return this.#giveUp(slots, error);
      }
      for (const slot of slots) this.#offer(slot);
    }
  }

  /** Free indexes, as many as are wanted and no more than there are. */
  #missing(): readonly number[] {
    const wanted = this.#options.ready + this.#waiters.length - this.#ready.length;
    const indexes: number[] = [];
    for (let index = 0; index < maxSlots && indexes.length < wanted; index += 1) {
      if (!this.#made.has(index)) indexes.push(index);
    }
    return indexes;
  }

  async #giveUp(slots: readonly SlotAddress[], error: unknown): Promise<void> {
    await this.#options.remove(slots).catch(this.#options.onError);
    for (const { index } of slots) this.#made.delete(index);
    this.#options.onError(error);
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
  }

  #offer(slot: SlotAddress): void {
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#ready.push(slot);
    else waiter.resolve(slot);
  }

  /** A fresh slot. Throws NO_SLOT when all are in use. */
  async acquire(): Promise<SlotAddress> {
    if (this.#closed) throw new ClrkError('NO_SLOT', 'the worker is stopping', { retryable: true });
    const slot = this.#ready.pop();
    if (slot !== undefined) {
      if (this.#ready.length < this.#options.ready / 2) void this.fill();
      return slot;
    }
    if (this.#made.size + this.#waiters.length >= maxSlots) {
      throw new ClrkError('NO_SLOT', `all ${maxSlots} network slots are in use`, { retryable: true });
    }
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      void this.fill();
    });
  }

  /** Takes a slot back. The caller has made sure that no process uses it any more. */
  async release(slot: SlotAddress): Promise<void> {
    const ready = this.#ready.length + this.#renewing;
    if (!this.#closed && (this.#waiters.length > 0 || ready < this.#options.ready * 2)) {
      this.#renewing += 1;
      try {
        await this.#options.renew(slot);
        this.#offer(slot);
        return;
      } catch (error) {
        this.#options.onError(error);
      } finally {
        this.#renewing -= 1;
      }
    }
    await this.discard(slot);
  }

  /** Takes a slot back that must not serve again as it is: it is deleted, and its index made anew when needed. */
  async discard(slot: SlotAddress): Promise<void> {
    await this.#options.remove([slot]).catch(this.#options.onError);
    this.#made.delete(slot.index);
    if (this.#waiters.length > 0) void this.fill();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#filling;
    const error = new ClrkError('NO_SLOT', 'the worker is stopping', { retryable: true });
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
    await this.#options.remove(this.#ready.splice(0)).catch(this.#options.onError);
  }
}
