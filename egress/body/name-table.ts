/**
 * The member names of all objects that are open, as 64-bit hashes: is a name there already? One table for all of them,
 * because objects close in the order opposite to that in which they opened, so that closing only takes the last entries
 * away. Two names that hash alike are taken for one: that refuses a body (once in 10^19 pairs), and never lets one
 * through. Names that crowd one place of the table are refused too, so that no choice of names makes it slow.
 */
export type NameVerdict = 'new' | 'repeated' | 'crowded';

/** At a quarter full, an honest name meets a run this long once in 10^17. */
const maxProbes = 64;
/** So many names are compared one by one: most bodies never have more, and need no table. */
const fewNames = 16;
const slotsPerEntry = 4;
/** All open objects together: about 1 MiB. */
const maxEntries = 32_768;

const noSlots = new Int32Array(0);

export class NameTable {
  /** Two words of hash and the slot of each entry. */
  readonly #entries: number[] = [];
  /** Number of the entry and one; 0: free. Empty: there are few names. */
  #slots: Int32Array = noSlots;
  #count = 0;
  #serial = 0;
  // Of each open object: its serial number, and the first of its entries.
  readonly #serials: number[] = [];
  readonly #bases: number[] = [];
  /** Bytes hashed, slots looked at and entries moved so far. */
  work = 0;

  open(): void {
    this.#serial += 1;
    this.#serials.push(this.#serial);
    this.#bases.push(this.#count);
  }

  close(): void {
    const base = this.#bases.pop() ?? 0;
    this.#serials.pop();
    this.work += this.#count - base;
    if (this.#slots.length > 0) {
      for (let entry = this.#count; entry > base; entry -= 1)
        this.#slots[this.#entries[entry * 3 - 1] ?? 0] = 0;
    }
    this.#count = base;
  }

  /** Members of the innermost object. */
  get members(): number {
    return this.#count - (this.#bases[this.#bases.length - 1] ?? 0);
  }

  /** A name of the innermost object: `bytes` from `start` to `end`, in UTF-8 and without escapes. */
  add(bytes: Uint8Array, start: number, end: number): NameVerdict {
    const serial = this.#serials[this.#serials.length - 1] ?? 0;
    // The object is part of what is hashed: equal names in two objects are two entries.
    let low = Math.imul(serial, 0x9e3779b1) ^ 0x811c9dc5;
    let high = Math.imul(serial, 0x85ebca6b) ^ 0x2545f491;
    for (let index = start; index < end; index += 1) {
      const byte = bytes[index] ?? 0;
      low = Math.imul(low ^ byte, 0x01000193);
      high = Math.imul(high ^ byte, 0x5bd1e995);
      high ^= high >>> 15;
    }
    low ^= end - start;
    this.work += end - start;
    return this.#insert(low, high);
  }

  #insert(low: number, high: number): NameVerdict {
    if (this.#slots.length === 0 && this.#count < fewNames) return this.#insertAmongFew(low, high);
    if (this.#count * slotsPerEntry >= this.#slots.length && !this.#grow()) return 'crowded';
    return this.#insertInTable(low, high);
  }

  #insertAmongFew(low: number, high: number): NameVerdict {
    const entries = this.#entries;
    const end = this.#count * 3;
    for (let at = (this.#bases[this.#bases.length - 1] ?? 0) * 3; at < end; at += 3) {
      if (entries[at] === low && entries[at + 1] === high) return 'repeated';
    }
    this.#put(low, high, 0);
    return 'new';
  }

  #insertInTable(low: number, high: number): NameVerdict {
    const mask = this.#slots.length - 1;
    let slot = mix(low) & mask;
    for (let probe = 0; probe < maxProbes; probe += 1) {
      const entry = this.#slots[slot] ?? 0;
      if (entry === 0) {
        this.work += probe;
        this.#put(low, high, slot);
        this.#slots[slot] = this.#count;
        return 'new';
      }
      if (this.#entries[entry * 3 - 3] === low && this.#entries[entry * 3 - 2] === high) return 'repeated';
      slot = (slot + 1) & mask;
    }
    return 'crowded';
  }

  #put(low: number, high: number, slot: number): void {
    const at = this.#count * 3;
    this.#entries[at] = low;
    this.#entries[at + 1] = high;
    this.#entries[at + 2] = slot;
    this.#count += 1;
  }

  /** Twice as large, in the order the entries came, so that the last can still be taken away first. */
  #grow(): boolean {
    const count = this.#count;
    if (count >= maxEntries) return false;
    this.#slots = new Int32Array(Math.max(this.#slots.length, fewNames * slotsPerEntry) * 2);
    this.#count = 0;
    this.work += count;
    for (let entry = 0; entry < count; entry += 1) {
      const [low = 0, high = 0] = this.#entries.slice(entry * 3, entry * 3 + 2);
      if (this.#insertInTable(low, high) !== 'new') return false;
    }
    return true;
  }
}

/** All bits of the word reach the lowest. */
function mix(word: number): number {
  let mixed = word ^ (word >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
