/**
 * Workers of one pool, a store and one daemon in simulated time: every worker has a clock of its own, questions and answers are
 * late or lost, processes are killed or stand still. The core runs as it is; only its edge is played.
 */
import {
  newDaemonLease,
  type DaemonLease,
  type DaemonRestarts,
  type DaemonRunMark,
} from '../../../contract/index.ts';
import type { KeyedEntry, KeyedWrite } from '../../../process/index.ts';
import { compute, type DaemonAction } from '../../../worker/daemon/daemon-step.ts';
import {
  initialState,
  observe,
  type DaemonEvent,
  type DaemonState,
  type DaemonWant,
} from '../../../worker/daemon/daemon-state.ts';
import type { RunEnd } from '../../../worker/daemon/daemon-life.ts';

export interface LiveRun {
  readonly run: DaemonRunMark;
  readonly worker: SimulatedWorker;
  readonly beganAt: number;
}

/** The same numbers for the same seed. */
export function random(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const timeoutMs = 2_000;

export class Simulation {
  readonly workers: SimulatedWorker[];
  readonly live = new Set<LiveRun>();
  readonly starts: DaemonRunMark[] = [];
  readonly closed: string[] = [];
  /** More than one at a time. */
  readonly doubled: string[] = [];
  readonly random: () => number;
  now = 0;
  natsAway = false;
  /** Of 100 questions so many go wrong. */
  trouble = 0;
  terms: DaemonRestarts;
  revision = 1;
  stop: DaemonWant['stop'];
  #entry: { sequence: number; text?: string } = { sequence: 0 };
  #sequence = 0;
  #forgotAt = Number.NEGATIVE_INFINITY;
  #ids = 0;
  #queue: Array<{ readonly at: number; readonly run: () => void }> = [];

  constructor(seed: number, size: number, terms: DaemonRestarts) {
    this.random = random(seed);
    this.terms = terms;
    this.put(newDaemonLease);
    this.workers = Array.from({ length: size }, (_, index) => new SimulatedWorker(this, `w${index}`));
    for (const worker of this.workers) worker.start();
  }

  put(lease: DaemonLease): void {
    this.#entry = { sequence: (this.#sequence += 1), text: JSON.stringify(lease) };
  }

  /** The server lost its disk. Not a second time in the same minute: who waits could not tell. */
  forget(): void {
    if (this.now < this.#forgotAt + 60_000) return;
    this.#forgotAt = this.now;
    this.#sequence = 0;
    this.#entry = { sequence: 0 };
  }

  want(worker: SimulatedWorker): DaemonWant {
    const revision = `r${this.revision}`;
    return {
      terms: { ...this.terms, revision },
      ...(worker.draining ? { stop: 'HandedOver' } : this.stop === undefined ? {} : { stop: this.stop }),
      ...(worker.fit ? { planKey: revision } : {}),
    };
  }

  newId(): string {
    return `id${(this.#ids += 1)}`;
  }

  after(ms: number, run: () => void): void {
    this.#queue.push({ at: this.now + Math.max(0, ms), run });
  }

  advance(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      let next = -1;
      for (let index = 0; index < this.#queue.length; index += 1) {
        const at = this.#queue[index]?.at ?? 0;
        if (at <= until && (next === -1 || at < (this.#queue[next]?.at ?? 0))) next = index;
      }
      const [event] = next === -1 ? [] : this.#queue.splice(next, 1);
      if (event === undefined) break;
      this.now = event.at;
      event.run();
    }
    this.now = until;
  }

  begin(run: DaemonRunMark, worker: SimulatedWorker): LiveRun {
    const began = { run, worker, beganAt: this.now };
    this.live.add(began);
    this.starts.push(run);
    if (this.live.size > 1) {
      this.doubled.push([...this.live].map((each) => `${each.worker.name} ${each.run.id}`).join(' and '));
    }
    return began;
  }

  read(answer: (entry: KeyedEntry | undefined) => void): void {
    this.#ask(
      () => ({ ...this.#entry }),
      (served) => answer(served),
    );
  }

  write(lease: DaemonLease, expected: number, answer: (written: KeyedWrite) => void): void {
    this.#ask(
      (): KeyedWrite => {
        if (expected !== this.#entry.sequence) return { kind: 'lost' };
        this.put(lease);
        return { kind: 'written', sequence: this.#entry.sequence };
      },
      (served) => answer(served ?? { kind: 'unknown' }),
    );
  }

  /** Served late, or not; answered late, or not. */
  #ask<T>(serve: () => T, answer: (served: T | undefined) => void): void {
    const goesWrong = this.random() * 100 < this.trouble;
    const kind = goesWrong ? Math.floor(this.random() * 3) : -1;
    let answered = false;
    const give = (served: T | undefined): void => {
      if (answered) return;
      answered = true;
      answer(served);
    };
    this.after(timeoutMs, () => give(undefined));
    if (kind === 0) return;
    // Late: it arrives when nobody waits for it any more.
    const way = kind === 1 ? timeoutMs + this.random() * 6_000 : this.random() * 50;
    this.after(way, () => {
      if (this.natsAway) return;
      const served = serve();
      if (kind !== 2) this.after(this.random() * 50, () => give(served));
    });
  }
}

export class SimulatedWorker {
  readonly name: string;
  readonly #simulation: Simulation;
  readonly #rate: number;
  readonly #offset: number;
  state: DaemonState | undefined;
  draining = false;
  fit = true;
  #life = 0;
  #frozenUntil = 0;
  #running: LiveRun | undefined;

  constructor(simulation: Simulation, name: string) {
    this.#simulation = simulation;
    this.name = name;
    this.#rate = 0.995 + simulation.random() * 0.01;
    this.#offset = simulation.random() * 1e9;
  }

  get clock(): number {
    return this.#simulation.now * this.#rate + this.#offset;
  }

  start(): void {
    if (this.state !== undefined) return;
    this.draining = false;
    const me = { worker: this.name, id: this.#simulation.newId() };
    this.state = initialState(me, this.#simulation.want(this), this.clock);
    this.#drive(this.#life);
  }

  /** Its sandboxes end with it. */
  kill(): void {
    this.#life += 1;
    this.state = undefined;
    if (this.#running !== undefined) this.#simulation.live.delete(this.#running);
    this.#running = undefined;
  }

  freeze(ms: number): void {
    this.#frozenUntil = this.#simulation.now + ms;
  }

  wantChanged(): void {
    this.#take({ kind: 'want', want: this.#simulation.want(this) }, this.#life);
  }

  /** The agent ends by itself. */
  exit(code: number): void {
    const running = this.#running;
    const startedAt = this.state?.instance?.startedAt;
    if (running === undefined || startedAt === undefined) return;
    const reason = code === 0 ? 'Completed' : 'NonZeroExit';
    this.#ended(running, { reason, exitCode: code, upMs: this.clock - startedAt }, this.#life);
  }

  #ended(running: LiveRun, end: RunEnd, life: number): void {
    if (!this.#simulation.live.delete(running)) return;
    if (this.#running === running) this.#running = undefined;
    this.#take({ kind: 'ended', end }, life);
  }

  #take(event: DaemonEvent, life: number): void {
    if (life !== this.#life || this.state === undefined) return;
    const { now } = this.#simulation;
    if (now < this.#frozenUntil) {
      this.#simulation.after(this.#frozenUntil - now, () => this.#take(event, life));
      return;
    }
    this.state = observe(this.state, event, this.clock);
    this.#drive(life);
  }

  #drive(life: number): void {
    const simulation = this.#simulation;
    for (let steps = 0; ; steps += 1) {
      if (steps > 100) throw new Error('it does not come to rest');
      if (life !== this.#life || this.state === undefined || simulation.now < this.#frozenUntil) return;
      const moment = { now: this.clock, unixMs: Math.round(simulation.now), newId: simulation.newId() };
      const action = compute(this.state, moment);
      if (action.kind === 'wait') {
        const inMs = (action.untilMs - this.clock) / this.#rate;
        if (Number.isFinite(inMs)) simulation.after(inMs + 0.001, () => this.#wake(life));
        return;
      }
      this.#perform(this.state, action, life);
    }
  }

  #wake(life: number): void {
    const { now } = this.#simulation;
    if (now < this.#frozenUntil) this.#simulation.after(this.#frozenUntil - now, () => this.#wake(life));
    else this.#drive(life);
  }

  #perform(state: DaemonState, action: Exclude<DaemonAction, { kind: 'wait' }>, life: number): void {
    const simulation = this.#simulation;
    const here = (event: DaemonEvent): void => this.#take(event, life);
    const quietly = (event: DaemonEvent): void => {
      this.state = observe(state, event, this.clock);
    };
    switch (action.kind) {
      case 'read':
        quietly({ kind: 'asked' });
        return simulation.read((answer) => here({ kind: 'read', answer }));
      case 'write': {
        const { lease, lost } = action;
        if (lost !== undefined) simulation.closed.push(lost.id);
        quietly({ kind: 'asked' });
        const sentAt = this.clock;
        const sequence = state.seen?.sequence ?? 0;
        return simulation.write(lease, sequence, (answer) =>
          here({ kind: 'written', lease, sentAt, answer }),
        );
      }
      case 'start': {
        quietly({ kind: 'starting', run: action.run, planKey: action.planKey });
        const running = simulation.begin(action.run, this);
        this.#running = running;
        return simulation.after(simulation.random() * 3_000, () => {
          if (simulation.live.has(running)) here({ kind: 'started' });
        });
      }
      case 'stop': {
        quietly({ kind: 'stopping', how: action.how });
        const running = this.#running;
        const startedAt = state.instance?.startedAt ?? this.clock;
        const end: RunEnd = { reason: action.reason, upMs: this.clock - startedAt };
        const takes = simulation.random() * (action.how === 'now' ? 500 : 5_000);
        return simulation.after(takes, () => {
          if (running !== undefined) this.#ended(running, end, life);
        });
      }
      default:
        return action satisfies never;
    }
  }
}
