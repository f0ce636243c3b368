/**
 * Invocation ids this ingress has given out or taken within JetStream's duplicate window. A caller that repeats an
 * id gets a new one, because the events of a repeated id would be dropped as duplicates and leave no record.
 */
import { LRUCache } from 'lru-cache';
import { invocationStream } from '../contract/index.ts';

/** Half an hour at a hundred calls a second is 180 000; about 20 MB. Beyond, the oldest are forgotten early. */
const maxIds = 200_000;

export class RecentIds {
  readonly #ids = new LRUCache<string, true>({ max: maxIds, ttl: invocationStream.duplicateWindowMs });

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  add(id: string): void {
    this.#ids.set(id, true);
  }
}
