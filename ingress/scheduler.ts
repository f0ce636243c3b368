/**
 * Fires schedules: looks at what is due, claims each time, and hands it to the front door as a call. Every ingress has one, and
 * none leads: what one does not claim, another does. It must never fire what it has not claimed, and never claim once it is
 * told to stop.
 */
import {
  agentId,
  errorMessage,
  ShareCounts,
  type IngressAgent,
  type ScheduleResult,
  type Share,
} from '../contract/index.ts';
import type { Log } from '../process/index.ts';
import { limits } from './limits.ts';
import type { ReferenceClock } from './reference-clock.ts';
import { ScheduleBook, type Due, type Room } from './schedule-book.ts';
import type { ScheduleMarks, WonFire } from './schedule-marks.ts';
import { Shares, type Place } from './share.ts';

export interface SchedulerOptions {
  readonly clock: Pick<ReferenceClock, 'now'>;
  readonly marks: Pick<ScheduleMarks, 'claim' | 'settle'>;
  /** Runs it to its end. Never rejects. */
  readonly fire: (due: Due, invocation: string) => Promise<ScheduleResult>;
  readonly log: Log;
}

export interface ScheduleUsage {
  readonly schedules: number;
  readonly running: number;
  /** Since the start. */
  readonly fired: number;
  readonly missed: number;
}

/** A time is fired within so long of it. */
const lookEveryMs = 250;
/** Of one namespace. */
const firesALook = (limits.schedulesPerSecond * lookEveryMs) / 1_000;

const runningOf = ({ agent }: Due): Share => ({ key: agentId(agent), most: limits.scheduled.agent });

export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #book = new ScheduleBook();
  readonly #places = new Shares(limits.scheduled);
  /** By agent: whose own share is full waits alone. */
  readonly #running = new ShareCounts();
  readonly #claiming = new Set<Promise<unknown>>();
  readonly #attending = new Set<Promise<unknown>>();
  #agents: readonly IngressAgent[] | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #stopped = false;
  #fired = 0;
  #missed = 0;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  get usage(): ScheduleUsage {
    const running = this.#places.taken;
    return { schedules: this.#book.size, running, fired: this.#fired, missed: this.#book.missed };
  }

  configure(agents: readonly IngressAgent[]): void {
    this.#agents = agents;
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), lookEveryMs);
    this.#timer.unref();
  }

  /** One look, and what follows of it on its own; whoever asks meanwhile waits for the same. */
  look(): Promise<void> {
    this.#looking ??= this.#look()
      .catch((error: unknown) =>
        this.#options.log.error({ reason: errorMessage(error) }, 'schedules not looked at'),
      )
      .finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  /** Claims nothing more; resolves when what was being claimed is running, or another's. Runs go on. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#looking;
    await Promise.all(this.#claiming);
  }

  /** Resolves when every run has ended and its mark says how. */
  async settled(): Promise<void> {
    await Promise.all(this.#attending);
  }

  async #look(): Promise<void> {
    const now = await this.#options.clock.now();
    if (now === undefined || this.#stopped) return;
    if (this.#agents !== undefined) this.#book.configure(this.#agents, now);
    this.#agents = undefined;
    const places = new Map<Due, Place>();
    const firing = new Map<string, number>();
    const given = this.#book.look(now, (due) => this.#room(due, places, firing));
    for (const due of given) {
      const attending = this.#attend(due, now)
        .catch((error: unknown) =>
          this.#options.log.error({ reason: errorMessage(error) }, 'schedule not fired'),
        )
        .finally(() => {
          this.#attending.delete(attending);
          places.get(due)?.();
          this.#running.give([runningOf(due)]);
        });
      this.#attending.add(attending);
    }
    this.#tellMissed();
  }

  #room(due: Due, places: Map<Due, Place>, firing: Map<string, number>): Room {
    const { namespace } = due.agent;
    const agent = agentId(due.agent);
    const before = firing.get(namespace) ?? 0;
    if (before >= firesALook) return 'full';
    if (this.#running.full([runningOf(due)]) !== undefined) return 'later';
    const place = this.#places.take({ namespace, agent, peer: namespace });
    if (place === undefined) return 'full';
    places.set(due, place);
    firing.set(namespace, before + 1);
    this.#running.take([runningOf(due)]);
    return 'here';
  }

  async #attend(due: Due, now: number): Promise<void> {
    const claiming = this.#claim(due, now);
    this.#claiming.add(claiming);
    const won = await claiming;
    if (won === undefined) {
      this.#claiming.delete(claiming);
      return;
    }
    this.#fired += 1;
    const running = this.#options.fire(due, won.mark.invocation);
    this.#claiming.delete(claiming);
    await this.#options.marks.settle(due, won, await running);
  }

  async #claim(due: Due, now: number): Promise<WonFire | undefined> {
    const claim = await this.#options.marks.claim(due, now);
    this.#book.settle(due, claim.kind === 'doubt' ? 'doubt' : 'fired');
    return claim.kind === 'won' ? claim : undefined;
  }

  #tellMissed(): void {
    const missed = this.#book.missed - this.#missed;
    if (missed === 0) return;
    this.#missed += missed;
    this.#options.log.warn({ missed }, 'schedules came due and were not fired here in time');
  }
}
