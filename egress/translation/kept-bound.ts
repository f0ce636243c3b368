/**
 * What a streamed answer may keep in the gateway: parts that are open at once, which readers and writers remember by their index, and
 * characters that a writer needs again. Apart because it is one bound whatever the two APIs are. It only counts.
 */
import type { FormEvent } from './form.ts';

/** Far more than models open at once. */
const maxOpen = 256;
/** Characters that a writer keeps of one answer. */
export const maxKept = 4 * 1024 * 1024;
/** What a part, or a piece of one, costs besides its characters. */
export const keptOverhead = 64;

export class KeptBound {
  readonly #open = new Set<number>();

  /** False: more is open, or was kept by a writer, than one answer may have. */
  holds(event: FormEvent, kept: number): boolean {
    if (event.kind === 'part') this.#open.add(event.index);
    if (event.kind === 'part-end') this.#open.delete(event.index);
    return this.#open.size <= maxOpen && kept <= maxKept;
  }
}
