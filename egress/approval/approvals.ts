/**
 * Calls of one gateway process that wait for a person. Sans-io: time comes in, the operator is a port. Each ends exactly once: a
 * person decided, its time is up, its agent went, or nobody can be asked; bounded in number, together and for each agent.
 */
import {
  approvalBounds,
  EqualShares,
  type ApprovalAsk,
  type ApprovalReply,
  type AskState,
  type DecidedWord,
} from '../../contract/index.ts';
import type { ApprovalLink } from './approval-link.ts';
import { LastingAnswers, type AskedFor } from './lasting-answers.ts';
import { askOf, endedThatFit, isAskable, type AskedCallOf } from './report.ts';

export interface ParkedCall extends AskedCallOf {
  readonly agentId: string;
}

export type ParkOutcome =
  | { readonly kind: 'decided'; readonly word: DecidedWord }
  | { readonly kind: 'timeout' }
  /** Too many wait already: of the agent, or of all. */
  | { readonly kind: 'full' }
  | { readonly kind: 'unavailable'; readonly why: string };

export interface Parked {
  /** It needs no answer any more. Safe to repeat, and after the outcome. */
  leave(): void;
}

export interface ApprovalsOptions {
  readonly link: ApprovalLink;
  readonly now: () => number;
  /** 16 hex digits, another one each time. */
  readonly randomId: () => string;
}

interface Waiting {
  readonly id: string;
  readonly call: ParkedCall;
  readonly done: (outcome: ParkOutcome) => void;
}

/** An operator may be replaced in this time. */
const unansweredMs = 60_000;
/** Between two questions that need not wait for the next second. */
const floorMs = 200;
/** What ended is told this often, until somebody hears it. */
const endedTries = 5;

interface Ended {
  readonly call: ParkedCall;
  readonly state: AskState;
  tries: number;
}

const askedFor = ({ ask, agentUid, invocation }: ParkedCall): AskedFor => ({
  key: ask.key,
  agentUid,
  invocation,
});

export class Approvals {
  readonly #options: ApprovalsOptions;
  readonly #waiting = new Map<string, Waiting>();
  readonly #shares = new EqualShares(approvalBounds.parkedOfAgent);
  readonly #lasting: LastingAnswers;
  /** How calls went on, until the operator has heard it. */
  readonly #ended = new Map<string, Ended>();
  #askedAt = Number.NEGATIVE_INFINITY;
  #isAsking = false;
  #isAgain = false;
  /** Or since when somebody is asked. */
  #answeredAt = 0;
  #isClosed = false;

  constructor(options: ApprovalsOptions) {
    this.#options = options;
    this.#lasting = new LastingAnswers(options.now);
  }

  /** Calls that wait now. */
  get parked(): number {
    return this.#waiting.size;
  }

  /** Calls `done` once, at once where it can; not at all after `leave`. */
  park(call: ParkedCall, done: (outcome: ParkOutcome) => void): Parked {
    const known = this.#lasting.find(askedFor(call));
    const id = this.#options.randomId();
    if (known === undefined && !isAskable(askOf(id, call, { state: 'waiting', now: this.#options.now() }))) {
      done({ kind: 'unavailable', why: 'what a person would be asked is too large to be asked' });
      return { leave: () => undefined };
    }
    const room = known === undefined && !this.#isClosed && this.#waiting.size < approvalBounds.parked;
    if (!room || !this.#shares.take(call.agentId)) {
      done(known === undefined ? this.#noRoom() : { kind: 'decided', word: known });
      return { leave: () => undefined };
    }
    if (this.#waiting.size === 0) this.#answeredAt = this.#options.now();
    const waiting: Waiting = { id, call, done };
    this.#waiting.set(waiting.id, waiting);
    if (this.#options.now() - this.#askedAt >= floorMs) this.#ask();
    return { leave: () => this.#take(waiting, 'gone') };
  }

  #noRoom(): ParkOutcome {
    return this.#isClosed ? { kind: 'unavailable', why: 'the gateway is ending' } : { kind: 'full' };
  }

  /** About once a second. */
  tick(): void {
    const now = this.#options.now();
    this.#lasting.tidy();
    const isUnanswered = now - this.#answeredAt >= unansweredMs;
    for (const waiting of [...this.#waiting.values()]) {
      if (now >= waiting.call.until) this.#end(waiting, { kind: 'timeout' });
      else if (isUnanswered) {
        this.#end(waiting, { kind: 'unavailable', why: 'nobody can be asked for approval now' });
      }
    }
    if (this.#waiting.size > 0 || this.#ended.size > 0) this.#ask();
  }

  /** The process ends: nobody waits any more. */
  close(): void {
    this.#isClosed = true;
    for (const waiting of [...this.#waiting.values()]) this.#end(waiting, this.#noRoom());
    this.#ask();
  }

  /** False: it had ended already. */
  #take({ id, call }: Waiting, state: AskState): boolean {
    if (!this.#waiting.delete(id)) return false;
    this.#shares.give(call.agentId);
    this.#ended.set(id, { call, state, tries: 0 });
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > approvalBounds.parked && oldest !== undefined) this.#ended.delete(oldest);
    return true;
  }

  #end(waiting: Waiting, outcome: ParkOutcome): void {
    const went = outcome.kind === 'decided' && outcome.word.answer === 'Allow';
    if (this.#take(waiting, went ? 'went' : 'refused')) waiting.done(outcome);
  }

  /** One question at a time; what comes meanwhile is asked right after. */
  #ask(): void {
    if (this.#isAsking) {
      this.#isAgain = true;
      return;
    }
    this.#isAsking = true;
    this.#isAgain = false;
    this.#askedAt = this.#options.now();
    const now = this.#options.now();
    const asked = [...this.#waiting.values()];
    const waiting = asked.map(({ id, call }) => askOf(id, call, { state: 'waiting', now }));
    const all = [...this.#ended].map(([id, { call, state }]) => askOf(id, call, { state, now }));
    const ended = all.slice(0, endedThatFit(waiting, all));
    const told = ended.map(({ id }) => id);
    void this.#report([...waiting, ...ended], told, asked);
  }

  /** Never rejects: whoever is told has a boundary of its own. */
  async #report(asks: ApprovalAsk[], told: readonly string[], asked: readonly Waiting[]): Promise<void> {
    const reply = await this.#options.link.report({ version: 1, asks });
    this.#isAsking = false;
    if (reply === undefined) this.#unheard(told);
    else this.#heard(reply, told, asked);
    if (this.#isAgain) this.#ask();
  }

  #heard({ words }: ApprovalReply, told: readonly string[], asked: readonly Waiting[]): void {
    this.#answeredAt = this.#options.now();
    for (const id of told) this.#ended.delete(id);
    const answered = new Set(words.map(({ id }) => id));
    for (const { id, call } of asked) if (!answered.has(id)) this.#lasting.forget(askedFor(call));
    for (const word of words) {
      const waiting = this.#waiting.get(word.id);
      if (waiting === undefined) continue;
      if (word.kind === 'refused') this.#end(waiting, { kind: 'unavailable', why: word.why });
      else {
        this.#lasting.hear(askedFor(waiting.call), word);
        this.#end(waiting, { kind: 'decided', word });
      }
    }
  }

  /** Nobody can be asked: what was answered before, and lasts, still holds. */
  #unheard(told: readonly string[]): void {
    for (const id of told) {
      const ended = this.#ended.get(id);
      if (ended === undefined) continue;
      ended.tries += 1;
      if (ended.tries >= endedTries) this.#ended.delete(id);
    }
    for (const waiting of [...this.#waiting.values()]) {
      const word = this.#lasting.find(askedFor(waiting.call), true);
      if (word !== undefined) this.#end(waiting, { kind: 'decided', word });
    }
  }
}
