/**
 * One daemon on this worker: asks the core what is next, does it, and tells the core what came of it. Holds the timer and nothing
 * else; what may start, and when, is the core's to say.
 */
import type { DaemonHolder, DaemonLease, DaemonRunMark, DaemonStatusWord } from '../../contract/index.ts';
import type { KeyedEntry, KeyedWrite } from '../../process/index.ts';
import type { DaemonRunListener } from './daemon-run.ts';
import {
  initialState,
  isMine,
  observe,
  type DaemonEvent,
  type DaemonState,
  type DaemonWant,
  type StopReason,
} from './daemon-state.ts';
import { compute, type DaemonAction } from './daemon-step.ts';
import { wordOf } from './daemon-word.ts';

/** Where the leases are. Neither rejects. */
export interface LeaseStore {
  /** Undefined: it cannot be read now. */
  read(key: string): Promise<KeyedEntry | undefined>;
  write(key: string, text: string, sequence: number): Promise<KeyedWrite>;
}

export interface RunningInstance {
  stop(how: 'gently' | 'now', reason: StopReason): void;
}

export interface DaemonKeeperOptions {
  readonly me: DaemonHolder;
  readonly key: string;
  readonly store: LeaseStore;
  /** Starts it; its end is told however it comes to it. */
  readonly begin: (run: DaemonRunMark, listener: DaemonRunListener) => RunningInstance;
  /** A run ended with the worker that had it. */
  readonly closeLost: (run: DaemonRunMark) => void;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly unixMs: () => number;
  readonly newId: () => string;
  /** What the status says of it has changed. */
  readonly onChange: () => void;
  /** It came to rest. */
  readonly onRest: () => void;
}

/** Timers are bounded; it costs nothing to look once more. */
const longestWaitMs = 60_000;

export class DaemonKeeper {
  readonly #options: DaemonKeeperOptions;
  #state: DaemonState;
  #instance: RunningInstance | undefined;
  #timer: NodeJS.Timeout | undefined;
  #said = '';
  #closed = false;

  constructor(options: DaemonKeeperOptions, want: DaemonWant) {
    this.#options = options;
    this.#state = initialState(options.me, want, options.now());
    this.#drive();
  }

  get wanted(): DaemonWant {
    return this.#state.want;
  }

  want(want: DaemonWant): void {
    if (JSON.stringify(want) !== JSON.stringify(this.#state.want)) this.#take({ kind: 'want', want });
  }

  /** It takes a place among this worker's sandboxes. */
  get runs(): boolean {
    return this.#instance !== undefined;
  }

  /** Nothing runs here, and nobody waits for this worker to say so. */
  get isIdle(): boolean {
    return this.#instance === undefined && !isMine(this.#state) && !this.#state.busy;
  }

  get holds(): boolean {
    return isMine(this.#state);
  }

  /** What the status says of it; undefined: somebody else knows. */
  get word(): DaemonStatusWord | undefined {
    return wordOf(this.#state);
  }

  /** What runs is ended now, and nothing more is asked. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#instance?.stop('now', 'HandedOver');
  }

  #take(event: DaemonEvent): void {
    this.#state = observe(this.#state, event, this.#options.now());
    this.#drive();
  }

  #drive(): void {
    clearTimeout(this.#timer);
    while (!this.#closed) {
      const { now, unixMs, newId } = this.#options;
      const action = compute(this.#state, { now: now(), unixMs: Math.round(unixMs()), newId: newId() });
      if (action.kind === 'wait') {
        const inMs = Math.min(longestWaitMs, Math.max(1, Math.ceil(action.untilMs - now())));
        this.#timer = setTimeout(() => this.#drive(), inMs);
        break;
      }
      this.#perform(action);
    }
    this.#tell();
    this.#options.onRest();
  }

  #tell(): void {
    const said = JSON.stringify(this.word ?? '');
    if (said === this.#said) return;
    this.#said = said;
    this.#options.onChange();
  }

  /** Only notes what it does; what comes of it drives anew. */
  #perform(action: Exclude<DaemonAction, { kind: 'wait' }>): void {
    const { store, key, now, closeLost } = this.#options;
    switch (action.kind) {
      case 'read':
        this.#note({ kind: 'asked' });
        return void store.read(key).then((answer) => this.#take({ kind: 'read', answer }));
      case 'write':
        if (action.lost !== undefined) closeLost(action.lost);
        this.#note({ kind: 'asked' });
        return void this.#write(action.lease, now());
      case 'start':
        this.#note({ kind: 'starting', run: action.run, planKey: action.planKey });
        return this.#begin(action.run);
      case 'stop':
        this.#note({ kind: 'stopping', how: action.how });
        return this.#instance?.stop(action.how, action.reason);
      default:
        return action satisfies never;
    }
  }

  #note(event: DaemonEvent): void {
    this.#state = observe(this.#state, event, this.#options.now());
  }

  async #write(lease: DaemonLease, sentAt: number): Promise<void> {
    const { store, key } = this.#options;
    const answer = await store.write(key, JSON.stringify(lease), this.#state.seen?.sequence ?? 0);
    this.#take({ kind: 'written', lease, sentAt, answer });
  }

  #begin(run: DaemonRunMark): void {
    this.#instance = this.#options.begin(run, {
      started: () => this.#take({ kind: 'started' }),
      ended: (end) => {
        this.#instance = undefined;
        this.#take({ kind: 'ended', end });
      },
    });
  }
}
