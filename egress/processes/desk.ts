/**
 * The one door of all processes of a pod, at the process that listens: a frame is let in once, whichever process has read it, and an
 * agent's connections are counted together. What a process held that has died is free again; what it has seen stays seen.
 */
import type { Claim, Door, Entry } from '../session/door.ts';

export class Desk {
  readonly #door: Door;
  /** Places by process and by the number it gave each. */
  readonly #held = new Map<number, Map<number, () => void>>();

  constructor(door: Door) {
    this.#door = door;
  }

  /** Calls `done` once, at once where the door can. */
  enter(
    member: number,
    { id, claim }: { readonly id: number; readonly claim: Claim },
    done: (entry: Entry) => void,
  ): void {
    this.#door.enter(claim, (entry, leave) => {
      if (entry.kind === 'entered') this.#placesOf(member).set(id, leave);
      done(entry);
    });
  }

  leave(member: number, id: number): void {
    const places = this.#held.get(member);
    places?.get(id)?.();
    places?.delete(id);
  }

  /** It has died. */
  gone(member: number): void {
    for (const leave of this.#held.get(member)?.values() ?? []) leave();
    this.#held.delete(member);
  }

  #placesOf(member: number): Map<number, () => void> {
    const known = this.#held.get(member);
    if (known !== undefined) return known;
    const places = new Map<number, () => void>();
    this.#held.set(member, places);
    return places;
  }
}
