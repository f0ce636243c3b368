/**
 * The processes that serve in a gateway's pod: starts them, starts again those that die, hands them connections and configs, and says
 * as one how they stand. Sans-io. It must never give a connection to a process that does not serve, nor call a config in force that
 * one of them does not decide by.
 */
import type { BudgetWarning, GatewayConfig } from '../../contract/index.ts';
import type { Door } from '../session/door.ts';
import type { CrewFigures } from './crew-figures.ts';
import { combineExports, combineSinks } from './combine-exports.ts';
import { combineWarnings } from './combine-warnings.ts';
import { Desk } from './desk.ts';
import { Member, type Hands } from './member.ts';
import type { FromMember, MemberState } from './message.ts';

export interface CrewOptions<Handle> {
  readonly size: number;
  readonly now: () => number;
  readonly door: Door;
  readonly figures: CrewFigures;
  /** Starts a process, which calls back with what it says and, once, with how it ended. */
  readonly start: (
    number: number,
    hear: (message: FromMember) => void,
    ended: (how: string) => void,
  ) => Hands<Handle>;
  /** How they stand has changed. */
  readonly onChanged: () => void;
  /** One has ended that nobody had told to. */
  readonly onDied: (number: number, how: string) => void;
}

export class Crew<Handle> {
  readonly #options: CrewOptions<Handle>;
  readonly #members: ReadonlyArray<Member<Handle>>;
  readonly #desk: Desk;
  #config: GatewayConfig | undefined;
  #agreed: Pick<MemberState, 'digest' | 'policyDigest'> | undefined;
  #lives = 0;
  #turn = 0;
  #onEmpty: (() => void) | undefined;

  constructor(options: CrewOptions<Handle>) {
    this.#options = options;
    this.#desk = new Desk(options.door);
    this.#members = Array.from({ length: options.size }, (_, index) => new Member<Handle>(index + 1));
  }

  /** A few times a second. */
  tick(): void {
    const now = this.#options.now();
    for (const member of this.#members) {
      if (this.#onEmpty === undefined && member.isDue(now)) this.#start(member);
      else member.watch(now);
    }
  }

  use(config: GatewayConfig): void {
    this.#config = config;
    for (const member of this.#members) member.tell(config);
  }

  /** Gives the connection to who has the fewest; false: nobody serves. */
  take(handle: Handle): boolean {
    const { length } = this.#members;
    const turned = this.#members.map((_, index) => this.#members[(this.#turn + index) % length]);
    const [first] = turned
      .flatMap((member) => (member?.serves === true && member.life !== undefined ? [member.life] : []))
      .sort((a, b) => a.open - b.open);
    this.#turn += 1;
    if (first === undefined) return false;
    first.open += 1;
    first.hands.send({ kind: 'socket' }, handle);
    return true;
  }

  /** For /readyz: one is enough to serve, with less room. */
  notReady(): string | undefined {
    if (this.serving > 0) return undefined;
    const [why] = this.#members.flatMap(({ life }) => life?.state?.notReady ?? []);
    return why ?? 'no process serves yet';
  }

  get serving(): number {
    return this.#members.filter(({ serves }) => serves).length;
  }

  get connections(): number {
    return this.#members.reduce((sum, { life }) => sum + (life?.open ?? 0), 0);
  }

  /** What all that serve decide by; while they differ, what all did before. undefined: nothing yet. */
  get inForce(): Pick<MemberState, 'digest' | 'policyDigest'> | undefined {
    return this.#agreed;
  }

  get recordExport(): MemberState['recordExport'] {
    return combineExports(this.#members.flatMap(({ life }) => life?.state?.recordExport ?? []));
  }

  get recordSinks(): MemberState['recordSinks'] {
    return combineSinks(this.#members.map(({ life }) => life?.state?.recordSinks ?? {}));
  }

  get budgets(): readonly BudgetWarning[] {
    return combineWarnings(this.#members.map(({ life }) => life?.state?.budgets ?? []));
  }

  /** Asks all for their figures, which come as they can; the number of those that were asked. */
  askFigures(): readonly number[] {
    return this.#members.flatMap(({ life }) => {
      if (life?.state === undefined) return [];
      life.hands.send({ kind: 'figures' });
      return [life.id];
    });
  }

  /** They take what comes, and tell whoever is connected that it ends. */
  leave(): void {
    for (const { life } of this.#members) life?.hands.send({ kind: 'leave' });
  }

  /** Tells all to end, in a hurry or as a pod ends, and resolves when all have. */
  async stop(isHurried: boolean): Promise<void> {
    const ended = new Promise<void>((resolve) => (this.#onEmpty = resolve));
    for (const { life } of this.#members) life?.hands.send({ kind: 'stop', isHurried });
    this.#endIfEmpty();
    await ended;
  }

  /** Whoever is left. */
  kill(): void {
    for (const { life } of this.#members) life?.hands.kill();
  }

  #start(member: Member<Handle>): void {
    const { now, start } = this.#options;
    const id = (this.#lives += 1);
    const hands = start(
      member.number,
      (message) => this.#hear(member, id, message),
      (how) => this.#ended(member, id, how),
    );
    member.begin(id, hands, now());
  }

  #hear(member: Member<Handle>, id: number, message: FromMember): void {
    const { life } = member;
    if (life?.id !== id) return;
    member.hear(message, this.#options.now());
    if (message.kind === 'enter') {
      this.#desk.enter(id, message, (entry) => life.hands.send({ kind: 'entry', id: message.id, entry }));
    } else if (message.kind === 'leave') this.#desk.leave(id, message.id);
    else if (message.kind === 'figures') this.#options.figures.heard(id, message.figures);
    else if (message.kind === 'state') {
      member.tell(this.#config);
      this.#agree();
      this.#options.onChanged();
    }
  }

  #agree(): void {
    const states = this.#members.flatMap(({ life }) => life?.state ?? []);
    const deciding = states.filter(({ digest }) => digest !== '');
    const [first] = deciding;
    if (first !== undefined && deciding.every(({ digest }) => digest === first.digest)) this.#agreed = first;
  }

  #ended(member: Member<Handle>, id: number, how: string): void {
    if (member.life?.id !== id) return;
    member.end(this.#options.now());
    this.#desk.gone(id);
    this.#options.figures.gone(id);
    this.#agree();
    if (this.#onEmpty === undefined) this.#options.onDied(member.number, how);
    this.#options.onChanged();
    this.#endIfEmpty();
  }

  #endIfEmpty(): void {
    if (this.#members.every(({ life }) => life === undefined)) this.#onEmpty?.();
  }
}
