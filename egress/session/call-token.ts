/**
 * The token of one call: taken where it is there, waited for where it is asked for, and told of when its server refused it. Apart from
 * sending because a call that waits for a token has sent nothing and is no try. It never lets a call go without its token.
 */
import { refuseToken, type Candidate, type Injection, type Refusal } from '../../decision/index.ts';
import type { Boundary } from '../boundary.ts';
import type { TokenSource } from '../token/tokens.ts';
import type { ExchangeLog } from './exchange-log.ts';

export interface CallTokenParts {
  readonly tokens: TokenSource;
  readonly log: ExchangeLog;
  readonly boundary: Boundary;
}

/** Of a status alone: an upstream says this where it does not take a credential (RFC 9110 15.5.2). */
const unauthorized = 401;

export class CallToken {
  readonly #parts: CallTokenParts;
  #stop: (() => void) | undefined;
  #sent: Injection | undefined;

  constructor(parts: CallTokenParts) {
    this.#parts = parts;
  }

  /**
   * The candidate as it goes, or why it does not. undefined: its token is asked for, and `later` is called once, not from within,
   * unless `stop` comes before.
   */
  take(candidate: Candidate, later: () => void): Candidate | Refusal | undefined {
    this.stop();
    const { tokens, log, boundary } = this.#parts;
    const { injection } = candidate;
    this.#sent = undefined;
    const need = injection?.token;
    if (injection === undefined || need === undefined) return candidate;
    const result = tokens.ready(injection, need);
    if (result === undefined) {
      this.#stop = tokens.wait(need, boundary.guard(later));
      return undefined;
    }
    if (result.kind === 'ready') {
      this.#sent = result.injection;
      return { ...candidate, injection: result.injection };
    }
    const refusal = refuseToken(need, result.fault.message, result.retryMs);
    log.tokenMissing(refusal.policy, refusal.message);
    return refusal;
  }

  /** Nobody waits any more. Safe to repeat. */
  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  answered(status: number): void {
    if (status === unauthorized && this.#sent !== undefined) this.#parts.tokens.refused(this.#sent);
  }
}
