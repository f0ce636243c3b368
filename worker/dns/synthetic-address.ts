/**
 * Addresses that stand for names in one sandbox: the answer to a DNS question, and how the connection that follows
 * carries the name. Each sandbox has its own table; an address is never given to a second name while the sandbox
 * lives, so an old answer can never mean something else. Range: 198.18.0.0/15 (RFC 2544), which no policy can open.
 */
import type { Hostname } from '../../contract/index.ts';

// The first /24 stays unused, so that no address of ours looks like a network's own.
const firstOffset = 256;
const rangeStart = ((198 << 24) | (18 << 16)) >>> 0;
/** An honest agent names a handful of hosts; this only bounds memory. */
export const maxNamesPerSandbox = 1024;

export class SyntheticAddresses {
  readonly #byName = new Map<Hostname, string>();
  readonly #byAddress = new Map<string, Hostname>();

  /** The address of a name, always the same one; undefined when the sandbox has named too many. */
  addressOf(name: Hostname): string | undefined {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    if (this.#byName.size >= maxNamesPerSandbox) return undefined;
    const value = rangeStart + firstOffset + this.#byName.size;
    const address = [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff].join('.');
    this.#byName.set(name, address);
    this.#byAddress.set(address, name);
    return address;
  }

  /** What an earlier sandbox was told means the same in this one, which has told nothing yet: addresses go by the order of names. */
  adopt(told: SyntheticAddresses): void {
    for (const name of told.#byName.keys()) this.addressOf(name);
  }

  /** The name an address was handed out for, or undefined: then it is an IP literal. */
  nameOf(address: string): Hostname | undefined {
    return this.#byAddress.get(address);
  }
}
