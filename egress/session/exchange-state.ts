/**
 * The states of one exchange and what each accepts. Everything that happens to an exchange passes here first: what its state
 * does not accept is dropped, so that no late word of an agent or an upstream meets code that did not expect it.
 */

export type ExchangeState =
  /** The head is there; nothing is decided. */
  | 'deciding'
  /** The decision, or what a Backend changes, needs the body. */
  | 'reading'
  /** Decided, but for a person: a person is asked. */
  | 'asking'
  /** Decided; it is being counted under its limits, and its budget is asked for tokens. */
  | 'reserving'
  /** Decided; on its way to an upstream, which has not answered. */
  | 'attempting'
  /** The agent is being answered. */
  | 'answering'
  /** It has become a WebSocket. */
  | 'relaying'
  /** Answered or broken off, and recorded. */
  | 'done';

export type ExchangeEvent =
  | 'body-read'
  | 'agent-data'
  | 'agent-end'
  | 'agent-gone'
  | 'agent-drained'
  | 'upstream-opened'
  | 'upstream-head'
  | 'upstream-body'
  | 'upstream-end'
  | 'upstream-upgraded'
  | 'upstream-failed'
  | 'upstream-drained'
  | 'clock'
  | 'policy';

export const acceptedEvents: Readonly<Record<ExchangeState, ReadonlySet<ExchangeEvent>>> = {
  deciding: new Set<ExchangeEvent>(['agent-gone', 'policy']),
  reading: new Set<ExchangeEvent>(['body-read', 'agent-data', 'agent-end', 'agent-gone', 'clock', 'policy']),
  // It has a time of its own, and its body waits with it.
  asking: new Set<ExchangeEvent>(['agent-data', 'agent-end', 'agent-gone', 'policy']),
  // A body that nobody had to read may come meanwhile: it waits.
  reserving: new Set<ExchangeEvent>(['agent-data', 'agent-end', 'agent-gone', 'clock', 'policy']),
  attempting: new Set<ExchangeEvent>([
    'agent-data',
    'agent-end',
    'agent-gone',
    'upstream-opened',
    'upstream-head',
    'upstream-upgraded',
    'upstream-failed',
    'upstream-drained',
    'clock',
    'policy',
  ]),
  answering: new Set<ExchangeEvent>([
    // A request may still be on its way while it is answered.
    'agent-data',
    'agent-end',
    'agent-gone',
    'agent-drained',
    'upstream-body',
    'upstream-end',
    'upstream-failed',
    'upstream-drained',
    'clock',
    'policy',
  ]),
  relaying: new Set<ExchangeEvent>(['policy']),
  done: new Set<ExchangeEvent>(),
};

/** States that may follow one another; an exchange never goes back. */
export const followingStates: Readonly<Record<ExchangeState, ReadonlySet<ExchangeState>>> = {
  deciding: new Set<ExchangeState>(['reading', 'asking', 'reserving', 'attempting', 'answering', 'done']),
  reading: new Set<ExchangeState>(['asking', 'reserving', 'attempting', 'answering', 'done']),
  asking: new Set<ExchangeState>(['asking', 'reserving', 'attempting', 'answering', 'done']),
  reserving: new Set<ExchangeState>(['attempting', 'answering', 'done']),
  attempting: new Set<ExchangeState>(['answering', 'relaying', 'done']),
  answering: new Set<ExchangeState>(['done']),
  relaying: new Set<ExchangeState>(['done']),
  done: new Set<ExchangeState>(),
};

export class ExchangeStates {
  #now: ExchangeState = 'deciding';

  get now(): ExchangeState {
    return this.#now;
  }

  accepts(event: ExchangeEvent): boolean {
    return acceptedEvents[this.#now].has(event);
  }

  /** False: that state cannot follow, and nothing changed. */
  enter(next: ExchangeState): boolean {
    if (!followingStates[this.#now].has(next)) return false;
    this.#now = next;
    return true;
  }
}
