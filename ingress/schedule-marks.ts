/**
 * Who fires a time of a schedule: whoever writes it into the schedule's mark (contract/schedule-mark.ts). The decisions are pure;
 * reading and writing one key are passed in. A write that was not answered is looked up before it is made again, so that it is
 * neither lost nor made twice. It must never say `won` of a time that somebody else may have won.
 */
import { LRUCache } from 'lru-cache';
import {
  aheadMarkMs,
  parseScheduleMark,
  maxScheduleCodeLength,
  scheduleMarkKey,
  type ScheduleMark,
  type ScheduleResult,
} from '../contract/index.ts';
import type { KeyedEntry, KeyedWrite } from '../process/index.ts';
import type { Due } from './schedule-book.ts';

export interface MarkStore {
  /** Undefined: it cannot be read now. */
  read(key: string): Promise<KeyedEntry | undefined>;
  write(key: string, text: string, sequence: number): Promise<KeyedWrite>;
}

export interface WonFire {
  readonly kind: 'won';
  readonly mark: ScheduleMark;
  readonly sequence: number;
}

export type FireClaim = WonFire | { readonly kind: 'fired' | 'doubt' };

/** Another ingress writes between a read and its write once; after that the time is fired. */
const maxTries = 4;
/** More than places for scheduled calls; one that is forgotten is a time that nobody fires. */
const maxUnanswered = 10_000;

export class ScheduleMarks {
  readonly #store: MarkStore;
  readonly #newId: () => string;
  /** Writes nobody answered, by key: each may stand. */
  readonly #unanswered = new LRUCache<string, ScheduleMark>({ max: maxUnanswered });

  constructor(store: MarkStore, newId: () => string) {
    this.#store = store;
    this.#newId = newId;
  }

  /** `now`: Unix milliseconds. */
  async claim(due: Due, now: number): Promise<FireClaim> {
    const key = scheduleMarkKey(due.agent);
    for (let tries = 0; tries < maxTries; tries += 1) {
      const read = await this.#store.read(key);
      if (read === undefined) return { kind: 'doubt' };
      const stands = parseScheduleMark(read.text);
      const mine = this.#unanswered.get(key);
      if (mine !== undefined && stands?.invocation === mine.invocation && mine.due === due.at) {
        this.#unanswered.delete(key);
        return { kind: 'won', mark: mine, sequence: read.sequence };
      }
      if (!isFireable(due, stands, now)) return this.#fired(key);
      const mark = this.#markOf(due, mine);
      const written = await this.#store.write(key, JSON.stringify(mark), read.sequence);
      if (written.kind === 'written') {
        this.#unanswered.delete(key);
        return { kind: 'won', mark, sequence: written.sequence };
      }
      if (written.kind === 'unknown') this.#unanswered.set(key, mark);
    }
    return { kind: 'doubt' };
  }

  /** For those who read the mark; lost when the next time was claimed already, which is newer. */
  async settle({ agent }: Due, { mark, sequence }: WonFire, result: ScheduleResult): Promise<void> {
    await this.#store.write(
      scheduleMarkKey(agent),
      JSON.stringify({ ...mark, result: { ...result, code: result.code?.slice(0, maxScheduleCodeLength) } }),
      sequence,
    );
  }

  #fired(key: string): FireClaim {
    this.#unanswered.delete(key);
    return { kind: 'fired' };
  }

  /** The same one again, where it was not answered: if both arrive, one is what the other says. */
  #markOf({ agent, at }: Due, mine: ScheduleMark | undefined): ScheduleMark {
    if (mine?.due === at) return mine;
    return { version: 1, due: at, schedule: agent.schedule, invocation: this.#newId() };
  }
}

/** May this time be fired, going by the mark that stands? */
function isFireable({ agent, at, beforeKnown }: Due, mark: ScheduleMark | undefined, now: number): boolean {
  if (mark === undefined) return !beforeKnown;
  if (beforeKnown && mark.schedule !== agent.schedule) return false;
  return mark.due < at || mark.due > now + aheadMarkMs;
}
