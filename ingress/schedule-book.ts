/**
 * Which schedules are due, and in which order they are fired: pure state, with the time and the answers of the claims passed in.
 * Every ingress keeps one, and all of them find the same times due; who fires one is decided by its mark (schedule-marks.ts).
 * It must never give out a time twice, nor one that is more than `lateFireMs` past.
 */
import {
  aheadMarkMs,
  lateFireMs,
  nextFire,
  parseSchedule,
  Turns,
  type IngressAgent,
  type Schedule,
} from '../contract/index.ts';

/** A time that is due here and not known to be fired. */
export interface Due {
  readonly agent: IngressAgent & { readonly schedule: string };
  /** Unix milliseconds. */
  readonly at: number;
  /**
   * Due before this ingress knew the schedule: to be fired only when its mark says that it was this schedule then, and that
   * nobody has. Otherwise a new schedule would be fired for a time before it was written.
   */
  readonly beforeKnown: boolean;
}

/**
 * - `fired`: by whomever
 * - `doubt`: nobody can say; it is tried again while it is not too late
 */
export type Claimed = 'fired' | 'doubt';

/**
 * - `here`: it is given out
 * - `later`: not for this agent
 * - `full`: for nobody of its namespace
 */
export type Room = 'here' | 'later' | 'full';

interface Entry {
  agent: Due['agent'];
  readonly schedule: Schedule;
  readonly knownSince: number;
  /** Times up to here are done with. */
  after: number;
  /** The first time after `after`; undefined: not computed yet. */
  next: number | undefined;
  isClaiming: boolean;
}

/** Computed a look: each takes up to 0.4 ms where a time zone is to be asked. */
const plansALook = 100;

export class ScheduleBook {
  readonly #entries = new Map<string, Entry>();
  readonly #unplanned = new Turns();
  readonly #waiting = new Turns();
  #missed = 0;

  /** Schedules that are kept. */
  get size(): number {
    return this.#entries.size;
  }

  /** Times that were due and fired by nobody here, because it was too late. */
  get missed(): number {
    return this.#missed;
  }

  /** The agents as they are now. A schedule that is new or changed is new from now on. */
  configure(agents: readonly IngressAgent[], now: number): void {
    const kept = new Set<string>();
    for (const agent of agents) {
      if (agent.schedule === undefined) continue;
      const known = this.#entries.get(agent.uid);
      const scheduled = { ...agent, schedule: agent.schedule };
      if (known !== undefined && isSame(known.agent, scheduled)) known.agent = scheduled;
      else if (!this.#open(scheduled, now)) continue;
      kept.add(agent.uid);
    }
    for (const [uid, { agent }] of this.#entries) if (!kept.has(uid)) this.#forget(agent);
  }

  /**
   * What is to be claimed now, by turns of namespaces. `place` is asked for each and says whether there is room for it. Each that
   * is given out must be settled.
   */
  look(now: number, place: (due: Due) => Room): Due[] {
    this.#unplanned.go(plansALook, (uid) => {
      this.#plan(uid, now);
      return 'taken';
    });
    for (const [uid, entry] of this.#entries) this.#queue(uid, entry, now);
    const given: Due[] = [];
    this.#waiting.go(Number.POSITIVE_INFINITY, (uid) => {
      const entry = this.#entries.get(uid);
      const due = entry === undefined ? undefined : this.#dueOf(entry, now);
      if (entry === undefined || due === undefined) return 'taken';
      const room = place(due);
      // An agent without room makes no other agent of its namespace wait: it stands behind them the next time.
      if (room !== 'here') return room === 'full' ? 'full' : 'taken';
      entry.isClaiming = true;
      given.push(due);
      return 'taken';
    });
    return given;
  }

  /** What became of a time that was given out. */
  settle({ agent, at }: Due, claimed: Claimed): void {
    const entry = this.#entries.get(agent.uid);
    if (entry === undefined || !isSame(entry.agent, agent)) return;
    entry.isClaiming = false;
    if (claimed === 'fired') this.#after(entry, at);
  }

  #queue(uid: string, { agent, next, after, isClaiming }: Entry, now: number): void {
    if (isClaiming) return;
    // It was an hour of another day, or year, when this was planned: the clock was wrong.
    if (after > now + aheadMarkMs) this.#open(agent, now);
    else if (next !== undefined && next <= now) this.#waiting.add(agent.namespace, uid);
  }

  /** Undefined: there is nothing to fire, or it is too late for it. */
  #dueOf(entry: Entry, now: number): Due | undefined {
    const { agent, schedule, knownSince, next, isClaiming } = entry;
    if (next === undefined || next > now || isClaiming) return undefined;
    const at = latest(schedule, next, now, agent.createdAt);
    if (at !== next) this.#miss(entry, next);
    entry.next = at;
    if (at >= now - lateFireMs) return { agent, at, beforeKnown: at <= knownSince };
    this.#miss(entry, at);
    this.#after(entry, now - lateFireMs);
    return undefined;
  }

  /** Of a time before this ingress knew the schedule, nobody here can say that it was missed. */
  #miss({ knownSince }: Entry, at: number): void {
    if (at > knownSince) this.#missed += 1;
  }

  #open(agent: Due['agent'], now: number): boolean {
    this.#forget(agent);
    const schedule = parseSchedule(agent.schedule);
    if (schedule === undefined) return false;
    // A restart, or another ingress's end, may have left the last minute's time to whoever comes.
    const after = now - lateFireMs;
    const entry = { agent, schedule, knownSince: now, after, next: undefined, isClaiming: false };
    this.#entries.set(agent.uid, entry);
    this.#unplanned.add(agent.namespace, agent.uid);
    return true;
  }

  #forget({ uid }: IngressAgent): void {
    const namespace = this.#entries.get(uid)?.agent.namespace ?? '';
    this.#entries.delete(uid);
    this.#unplanned.delete(namespace, uid);
    this.#waiting.delete(namespace, uid);
  }

  /** Never goes back: a clock that does must not bring a time again. */
  #after(entry: Entry, at: number): void {
    entry.after = Math.max(entry.after, at);
    entry.next = undefined;
    this.#unplanned.add(entry.agent.namespace, entry.agent.uid);
  }

  #plan(uid: string, now: number): void {
    const entry = this.#entries.get(uid);
    if (entry === undefined) return;
    const { agent, schedule, after } = entry;
    // A schedule that never fires is looked at never again.
    entry.next = nextFire(schedule, after, agent.createdAt) ?? Number.POSITIVE_INFINITY;
    if (entry.next >= now - lateFireMs) return;
    // The clock went on by more than a minute: what was due meanwhile is missed.
    this.#miss(entry, entry.next);
    entry.after = now - lateFireMs;
    entry.next = nextFire(schedule, entry.after, agent.createdAt) ?? Number.POSITIVE_INFINITY;
  }
}

function isSame(a: Due['agent'], b: Due['agent']): boolean {
  return a.schedule === b.schedule && a.createdAt === b.createdAt && a.namespace === b.namespace;
}

/** Of several times that are due the last: the others were missed. A minute holds sixty at most. */
function latest(schedule: Schedule, first: number, now: number, since: number | undefined): number {
  const from = Math.max(first, now - lateFireMs - 1);
  let at = first;
  for (
    let next = nextFire(schedule, from, since);
    next !== undefined && next <= now;
    next = nextFire(schedule, at, since)
  ) {
    at = next;
  }
  return at;
}
