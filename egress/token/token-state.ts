/**
 * What becomes of one token over time: needed, asked for, held till it expires, asked for again ahead of that, failed till a while has
 * passed. A function of what happened and when, without a clock, sockets or secrets but the token. It must never give out a token that
 * may have expired, never have two questions under way, and never ask more often than failures allow.
 */

/** A stable code of why there is none, and words for a person; nothing of a Secret or of what a server wrote freely. */
export interface TokenFault {
  readonly code: string;
  readonly message: string;
  /** The server asked to be left alone for so long. */
  readonly waitMs?: number;
}

interface Held {
  readonly token: string;
  readonly since: number;
  /** From here on it is renewed. */
  readonly refreshAt: number;
  /** From here on it is not given out. */
  readonly until: number;
}

export interface TokenState {
  readonly held: Held | undefined;
  /** A question is under way. */
  readonly asking: boolean;
  /** In a row. */
  readonly failures: number;
  readonly fault: TokenFault | undefined;
  /** Not asked before. */
  readonly retryAt: number;
}

export const noToken: TokenState = {
  held: undefined,
  asking: false,
  failures: 0,
  fault: undefined,
  retryAt: -Infinity,
};

/** What a call does now. `ask`: whoever keeps the state begins a question. */
export type TokenUse =
  | { readonly kind: 'token'; readonly token: string; readonly ask: boolean }
  | { readonly kind: 'wait'; readonly ask: boolean }
  | { readonly kind: 'fail'; readonly fault: TokenFault; readonly retryMs: number };

const firstPauseMs = 1_000;
const longestPauseMs = 60_000;
/** A server that asks for more is asked once in this time all the same. */
const longestWaitMs = 5 * 60_000;
/** Before the end of a long-lived token; of a short one a fifth of its life. */
const aheadMs = 5 * 60_000;
/** For clocks that differ and calls on their way; of a short one a tenth of its life. */
const spareMs = 10_000;
/** Many servers give tokens for days: what a Secret allowed is asked about again before. */
const longestLifeMs = 12 * 3_600_000;
/** A token that its server does not take any more is worth asking about again after so long. */
const leastLifeMs = 30_000;

const unknownFault: TokenFault = { code: 'Unreachable', message: 'the token endpoint did not answer' };

export function computeUse(state: TokenState, now: number): TokenUse {
  const { held, asking, fault = unknownFault, retryAt } = state;
  const mayAsk = !asking && now >= retryAt;
  if (held !== undefined && now < held.until) {
    return { kind: 'token', token: held.token, ask: mayAsk && now >= held.refreshAt };
  }
  if (asking || mayAsk) return { kind: 'wait', ask: mayAsk };
  return { kind: 'fail', fault, retryMs: retryAt - now };
}

export function asked(state: TokenState): TokenState {
  return { ...state, asking: true };
}

/** `askedAt`: the life of a token is counted from the question, not from the answer. */
export function answered(token: string, lifeMs: number, askedAt: number): TokenState {
  const life = Math.min(lifeMs, longestLifeMs);
  const until = askedAt + life - Math.min(spareMs, life / 10);
  const refreshAt = Math.min(until, askedAt + life - Math.min(aheadMs, life / 5));
  return { ...noToken, held: { token, since: askedAt, refreshAt, until } };
}

export function failed(state: TokenState, fault: TokenFault, now: number): TokenState {
  const failures = state.failures + 1;
  const pause = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(failures - 1, 10));
  const asksFor = Math.min(longestWaitMs, fault.waitMs ?? 0);
  return { ...state, asking: false, failures, fault, retryAt: now + Math.max(pause, asksFor) };
}

/**
 * The server that it is for refused this token (401). Agents can bring that about by themselves, so a token is not given up before it has
 * lived a little.
 */
export function refusedThere(state: TokenState, token: string, now: number): TokenState {
  const { held } = state;
  if (held === undefined || held.token !== token || now - held.since < leastLifeMs) return state;
  return { ...state, held: undefined };
}
