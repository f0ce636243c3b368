/**
 * One place among the processes of a pod: a process that lives in it, and when the next one is started after it has died. Sans-io:
 * starting, sending and killing are a port, time comes in.
 */
import type { GatewayConfig } from '../../contract/index.ts';
import type { FromMember, MemberState, ToMember } from './message.ts';

/** A process that was started. */
export interface Hands<Handle> {
  /** Never throws; what cannot be sent is lost with the process. */
  send(message: ToMember, handle?: Handle): void;
  /** At once, whatever it does. */
  kill(): void;
}

export interface Life<Handle> {
  /** Of no other process before or after. */
  readonly id: number;
  readonly hands: Hands<Handle>;
  readonly startedAt: number;
  heardAt: number;
  state: MemberState | undefined;
  /** Connections it was given that are not over. */
  open: number;
}

const firstRestartMs = 200;
const lastRestartMs = 10_000;
/** Who lived so long did not die of its start. */
const livedMs = 60_000;
/** It speaks every second. As a probe's of a whole pod: three times ten seconds. */
const silentMs = 30_000;

export class Member<Handle> {
  readonly number: number;
  life: Life<Handle> | undefined;
  #restartAt = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #told: GatewayConfig | undefined;

  constructor(number: number) {
    this.number = number;
  }

  isDue(now: number): boolean {
    return this.life === undefined && now >= this.#restartAt;
  }

  begin(id: number, hands: Hands<Handle>, now: number): void {
    this.life = { id, hands, startedAt: now, heardAt: now, state: undefined, open: 0 };
    this.#told = undefined;
  }

  /** Tells it once what config is in force; one that has not spoken yet may not hear. */
  tell(config: GatewayConfig | undefined): void {
    if (config === undefined || this.life?.state === undefined || this.#told === config) return;
    this.#told = config;
    this.life.hands.send({ kind: 'config', config });
  }

  hear(message: FromMember, now: number): void {
    const { life } = this;
    if (life === undefined) return;
    life.heardAt = now;
    if (message.kind === 'state') life.state = message.state;
    else if (message.kind === 'closed') life.open -= message.count;
  }

  /** Kills who says nothing any more; it is then told as ended. */
  watch(now: number): boolean {
    const isStuck = this.life !== undefined && now - this.life.heardAt >= silentMs;
    if (isStuck) this.life?.hands.kill();
    return isStuck;
  }

  end(now: number): void {
    if (this.life !== undefined && now - this.life.startedAt >= livedMs) this.#failures = 0;
    this.#restartAt = now + Math.min(lastRestartMs, firstRestartMs * 2 ** this.#failures);
    this.#failures += 1;
    this.life = undefined;
  }

  get serves(): boolean {
    const state = this.life?.state;
    return state !== undefined && state.notReady === undefined;
  }
}
