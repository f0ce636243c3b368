/**
 * Who is behind which slot, now. The connector, the DNS and the metadata server find the sandbox here, by the
 * slot's address and by nothing the agent says (S13). An occupant is here from just before its sandbox starts until its
 * processes are dead.
 */
import { slotIndexOf } from '../network/slot-address.ts';
import { Occupant, type OccupantIdentity } from './occupant.ts';

export class Occupancy {
  readonly #bySlot = new Map<number, Occupant>();
  readonly #departed = new Map<number, Occupant>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  enter(identity: OccupantIdentity): Occupant {
    if (this.#bySlot.has(identity.slot.index)) throw new Error(`slot ${identity.slot.index} is taken`);
    const occupant = new Occupant(identity, this.#now);
    this.#bySlot.set(identity.slot.index, occupant);
    return occupant;
  }

  /** Ends its run and every connection of it; from here on its slot is nobody's. */
  leave(occupant: Occupant): void {
    if (this.#bySlot.get(occupant.slot.index) === occupant) this.#bySlot.delete(occupant.slot.index);
    this.#departed.set(occupant.slot.index, occupant);
    occupant.leave();
  }

  /** Who last lived behind a slot, once: what the wall still has on record is theirs. */
  takeDeparted(slotIndex: number): Occupant | undefined {
    const occupant = this.#departed.get(slotIndex);
    this.#departed.delete(slotIndex);
    return occupant;
  }

  byIp(ip: string): Occupant | undefined {
    const index = slotIndexOf(ip);
    return index === undefined ? undefined : this.#bySlot.get(index);
  }
}
