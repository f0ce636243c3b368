/**
 * From a request's head to its one decision: asks the policy, reads of the body what it needs, asks again. Apart from the exchange
 * because nothing is sent anywhere meanwhile; it decides nothing itself (decision/).
 */
import type { BodyNeed, Decision } from '../../decision/index.ts';
import { mayRewrite } from '../pipeline/rewrite.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Judgement } from './judgement.ts';

export type Decided = Exclude<Decision, { kind: 'need-body' }>;
export type Allowed = Extract<Decision, { kind: 'allow' }>;
export type Asked = Extract<Decision, { kind: 'ask' }>;

export interface DeliberationOwner {
  /** The body is needed first. Called at most once, before `held` or `readOn`. */
  reading(): void;
  /** More of the body may come. */
  readOn(): void;
  /** Bytes that were judged: to be sent in place of what came. */
  held(bytes: Buffer): void;
  /** Called once, unless the exchange ends before; once more each time after a person was asked. */
  decided(decision: Decided, judgement: Judgement): void;
}

export class Deliberation {
  readonly judgement: Judgement;
  readonly #owner: DeliberationOwner;
  #snapshot: Snapshot | undefined;

  constructor(judgement: Judgement, owner: DeliberationOwner) {
    this.judgement = judgement;
    this.#owner = owner;
  }

  begin(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.#ask(snapshot);
  }

  /** A new policy is in force: it decides when the body has been read. */
  use(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
  }

  #ask(snapshot: Snapshot): void {
    const decision = this.judgement.ask(snapshot);
    if (decision.kind === 'need-body') this.#read(snapshot, decision.need);
    else if (this.#isToBeChanged(decision)) this.#read(snapshot, 'model');
    else this.#owner.decided(decision, this.judgement);
  }

  /** A person was asked, or need not be asked any more; undefined: the body would be needed, and has begun to come. */
  again(snapshot: Snapshot): Decided | undefined {
    this.#snapshot = snapshot;
    const decision = this.judgement.ask(snapshot);
    return decision.kind === 'need-body' || this.#isToBeChanged(decision) ? undefined : decision;
  }

  /** A Backend changes the body, and it has not been read yet. */
  #isToBeChanged(decision: Decided): boolean {
    if (decision.kind === 'refuse') return false;
    const { operation, candidates } = decision.kind === 'ask' ? decision.allowed : decision;
    return !this.judgement.isFinal && candidates.some(({ backend }) => mayRewrite({ operation, backend }));
  }

  #read(snapshot: Snapshot, need: BodyNeed): void {
    const { judgement } = this;
    this.#owner.reading();
    const begun = judgement.begin(need, {
      judged: (bytes) => this.#owner.held(bytes),
      drained: () => this.#owner.readOn(),
      done: (result) => {
        judgement.learn(result);
        this.#ask(this.#snapshot ?? snapshot);
      },
    });
    if (begun) this.#owner.readOn();
    else this.#ask(snapshot);
  }
}
