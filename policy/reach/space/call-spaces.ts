/** The call spaces of one run, each computed once: destinations that are ruled alike have the same. It dies with the run. */
import { computeCallSpace, distinctionsOf, type CallSpace, type Distinctions } from './call-space.ts';
import type { OpenPlan } from '../../../decision/index.ts';

/** A cluster has few kinds of rules; a set of random ones is kept from growing without bound. */
const maxKept = 500;

export class CallSpaces {
  readonly #known = new Map<string, CallSpace>();

  of(plans: readonly OpenPlan[], more: readonly Distinctions[] = []): CallSpace {
    const asked = [...plans.map(distinctionsOf), ...more];
    const key = JSON.stringify(asked, (_key, value: unknown) => (value === undefined ? null : value));
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= maxKept) this.#known.clear();
    const space = computeCallSpace(asked);
    this.#known.set(key, space);
    return space;
  }
}
