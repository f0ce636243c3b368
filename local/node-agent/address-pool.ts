/** Which pod has which address. Pure bookkeeping; putting addresses on the interface is `loopback.ts`. */
import { ClrkError } from '../../contract/index.ts';

export class AddressPool {
  readonly #addresses: readonly string[];
  readonly #byOwner = new Map<string, string>();
  #next = 0;

  constructor(addresses: readonly string[]) {
    this.#addresses = addresses;
  }

  /** The owner's address; its preferred one when that is free. Idempotent. Throws when all are taken. */
  acquire(owner: string, preferred?: string): string {
    const held = this.#byOwner.get(owner);
    if (held !== undefined) return held;
    const taken = new Set(this.#byOwner.values());
    const address =
      preferred !== undefined && this.#addresses.includes(preferred) && !taken.has(preferred)
        ? preferred
        : this.#nextFree(taken);
    this.#byOwner.set(owner, address);
    return address;
  }

  release(owner: string): void {
    this.#byOwner.delete(owner);
  }

  /** Round robin: an address just released is the last to be given out again, so late packets meet nobody. */
  #nextFree(taken: ReadonlySet<string>): string {
    for (let offset = 0; offset < this.#addresses.length; offset += 1) {
      const index = (this.#next + offset) % this.#addresses.length;
      const address = this.#addresses[index];
      if (address === undefined || taken.has(address)) continue;
      this.#next = index + 1;
      return address;
    }
    throw new ClrkError(
      'NO_POD_ADDRESS',
      `all ${this.#addresses.length} pod addresses of the local node are taken`,
      {
        retryable: true,
      },
    );
  }
}
