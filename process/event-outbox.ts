/**
 * Invocation events on their way to JetStream: published by turns of namespaces and agents (EventTurns), many at a time, repeated
 * until acknowledged, through any outage of NATS. Bounded by reservation: a call is taken only if its events have room, so nothing that was
 * taken is ever dropped. Each namespace has a share of the room, and each agent one of it: while NATS is slow or away, whoever
 * calls most is refused before others are. A repeated publish is harmless (message id).
 */
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import {
  agentId,
  errorMessage,
  FairRoom,
  invocationMessageId,
  invocationSubject,
  type AgentRef,
  type Invocation,
  type InvocationWriter,
} from '../contract/index.ts';
import { EventTurns, type WaitingEvent } from './event-turns.ts';
import type { Log } from './log.ts';

/** What the stream said. */
export interface Stored {
  /** It had a message of this id already, and keeps that one. */
  readonly duplicate: boolean;
}

/** Publishes and waits for the stream's acknowledgement. */
export type PublishEvent = (subject: string, payload: string, messageId: string) => Promise<Stored>;

export interface EventOutboxOptions {
  readonly publish: PublishEvent;
  /** Whose events they are. */
  readonly writer: InvocationWriter;
  readonly log: Log;
  /** About a kilobyte each. */
  readonly capacity?: number;
  readonly retryMinMs?: number;
  readonly retryMaxMs?: number;
}

const defaultCapacity = 20_000;
/** Events of a namespace, and of an agent, that always have room: of sixteen calls. */
const ownPart = 32;
/**
 * So many wait for their acknowledgements together, a kilobyte each. A NATS that takes 200 ms for one (a far or busy disk) still
 * takes a thousand a second.
 */
const maxInFlight = 256;

/** Room for the events of one call. Unused room is given back by `release`. */
export interface Reservation {
  put(event: Invocation): void;
  release(): void;
}

export class EventOutbox implements AsyncDisposable {
  readonly #options: EventOutboxOptions;
  readonly #capacity: number;
  readonly #turns = new EventTurns(maxInFlight);
  readonly #namespaces: FairRoom;
  readonly #agents: FairRoom;
  readonly #stop = new AbortController();
  #reserved = 0;
  #idle: Array<() => void> = [];

  constructor(options: EventOutboxOptions) {
    this.#options = options;
    this.#capacity = options.capacity ?? defaultCapacity;
    this.#namespaces = new FairRoom({ limit: this.#capacity, ownPart });
    // Less greedy: the rest of its namespace has room beside it.
    this.#agents = new FairRoom({ limit: this.#capacity, ownPart, greed: 1 });
    setMaxListeners(maxInFlight + 1, this.#stop.signal);
  }

  /** Events not yet acknowledged. */
  get pending(): number {
    return this.#turns.waiting + this.#turns.underWay;
  }

  /** Room that is neither taken nor promised. */
  get free(): number {
    return this.#capacity - this.pending - this.#reserved;
  }

  /** The share of an agent, or that of its namespace, is nearly taken. */
  isTight(owner: AgentRef): boolean {
    return this.#agents.isTight(agentId(owner)) || this.#namespaces.isTight(owner.namespace);
  }

  /** Of a call whose room was looked after before it was taken. */
  add(event: Invocation): void {
    this.#enqueue({ event });
  }

  /** Undefined when there is no room, in all or in the share of the agent or its namespace. */
  reserve(events: number, owner: AgentRef): Reservation | undefined {
    if (events > this.free || !this.#take(owner, events)) return undefined;
    this.#reserved += events;
    let left = events;
    return {
      put: (event) => {
        if (left === 0) throw new Error('more events than were reserved');
        left--;
        this.#reserved--;
        this.#enqueue({ event, owner });
      },
      release: () => {
        this.#reserved -= left;
        this.#give(owner, left);
        left = 0;
      },
    };
  }

  #take(owner: AgentRef, events: number): boolean {
    if (!this.#namespaces.take(owner.namespace, events)) return false;
    if (this.#agents.take(agentId(owner), events)) return true;
    this.#namespaces.give(owner.namespace, events);
    return false;
  }

  #give(owner: AgentRef, events: number): void {
    this.#namespaces.give(owner.namespace, events);
    this.#agents.give(agentId(owner), events);
  }

  #enqueue(waiting: WaitingEvent): void {
    this.#turns.add(waiting);
    this.#pump();
  }

  /** Resolves when all is acknowledged or the time is up; true when all is. */
  async flush(timeoutMs: number): Promise<boolean> {
    if (this.pending === 0) return true;
    const idle = new Promise<true>((resolve) => this.#idle.push(() => resolve(true)));
    return Promise.race([idle, delay(timeoutMs, false, { ref: false })]);
  }

  /** Gives up what is still pending; flush first. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    return Promise.resolve();
  }

  #pump(): void {
    this.#turns.go(({ event, owner }, done) => {
      void this.#deliver(event).finally(() => {
        done();
        if (owner !== undefined) this.#give(owner, 1);
        this.#pump();
      });
    });
    if (this.pending > 0) return;
    const waiting = this.#idle;
    this.#idle = [];
    for (const resolve of waiting) resolve();
  }

  async #deliver(event: Invocation): Promise<void> {
    const { publish, writer, log, retryMinMs = 100, retryMaxMs = 5_000 } = this.#options;
    const { signal } = this.#stop;
    const payload = JSON.stringify(event);
    let wait = retryMinMs;
    while (!signal.aborted) {
      try {
        await publish(invocationSubject(event, writer), payload, invocationMessageId(event));
        return;
      } catch (error) {
        if (wait === retryMinMs)
          log.warn({ reason: errorMessage(error) }, 'invocation event not published yet');
        await delay(wait, undefined, { signal }).catch(() => undefined);
        wait = Math.min(wait * 2, retryMaxMs);
      }
    }
  }
}
