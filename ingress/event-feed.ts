/**
 * Takes events of triggers as they come and hands each to the front door as a call. Every ingress has one, and each event is with
 * one of them at a time. It must never take what it has no place for, nor anything once it is told to stop.
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  agentId,
  errorMessage,
  eventConsumer,
  type EventTrigger,
  type IngressAgent,
  ShareCounts,
} from '../contract/index.ts';
import type { Log } from '../process/index.ts';
import { deliver, inspect, type DeliveryContext, type DeliveryEnd } from './event-delivery.ts';
import type { Delivery, EventSource } from './event-source.ts';
import { RetryFeed } from './event-retry.ts';
import { limits } from './limits.ts';
import { Shares } from './share.ts';

export interface EventFeedOptions extends Omit<DeliveryContext, 'isStopping'> {
  readonly source: EventSource;
  /** Would a call of it be taken now? */
  readonly isAdmissible: (agent: IngressAgent) => boolean;
  /** Until so long has passed, or the signal aborts. Never rejects. */
  readonly rest?: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly log: Log;
}

interface Loop {
  agent: IngressAgent;
  trigger: EventTrigger;
  readonly ended: AbortController;
}

/** While all its places are taken; while no call of it would be taken, from the one to the other; while NATS is away. */
const busyMs = 250;
const idleMs = 2_000;
const awayMs = 2_000;
/** So often, while no call of it would be taken, one looks whether the oldest has waited too long. */
const inspectMs = 5 * 60_000;

async function restFor(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal, ref: false }).catch(() => undefined);
}

export class EventFeed {
  readonly #options: EventFeedOptions;
  readonly #loops = new Map<string, Loop>();
  readonly #places = new Shares(limits.events);
  /** By agent: taken and not ended. */
  readonly #taken = new ShareCounts();
  readonly #running = new Set<Promise<unknown>>();
  readonly #retries: RetryFeed;
  #stopped = false;
  #buried = 0;

  constructor(options: EventFeedOptions) {
    this.#options = options;
    this.#retries = new RetryFeed({ ...options, rest: options.rest ?? restFor });
  }

  get usage(): { readonly triggers: number; readonly running: number; readonly buried: number } {
    return { triggers: this.#loops.size, running: this.#places.taken, buried: this.#buried };
  }

  configure(agents: readonly IngressAgent[]): void {
    if (this.#stopped) return;
    const wanted = new Map<string, Omit<Loop, 'ended'>>();
    for (const agent of agents) {
      for (const trigger of agent.triggers ?? []) {
        wanted.set(`${agent.namespace}/${eventConsumer(agent.uid, trigger.subject)}`, { agent, trigger });
      }
    }
    for (const [key, loop] of this.#loops) {
      const now = wanted.get(key);
      if (now === undefined) {
        loop.ended.abort();
        this.#loops.delete(key);
      } else Object.assign(loop, now);
    }
    for (const [key, now] of wanted) if (!this.#loops.has(key)) this.#begin(key, now);
    this.#retries.configure(new Set([...wanted.values()].map(({ agent }) => agent.namespace)));
  }

  /** Takes nothing more; what runs goes on. */
  stop(): void {
    this.#stopped = true;
    for (const { ended } of this.#loops.values()) ended.abort();
    this.#loops.clear();
    this.#retries.stop();
  }

  /** Resolves when every run has ended and its event was told how. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }

  #begin(key: string, now: Omit<Loop, 'ended'>): void {
    const loop: Loop = { ...now, ended: new AbortController() };
    this.#loops.set(key, loop);
    void this.#follow(loop).catch((error: unknown) =>
      this.#options.log.error({ reason: errorMessage(error) }, 'events of a trigger are no longer taken'),
    );
  }

  async #follow(loop: Loop): Promise<void> {
    const { signal } = loop.ended;
    const { monotonicMs } = this.#options;
    const rest = (ms: number): Promise<void> => (this.#options.rest ?? restFor)(ms, signal);
    let waitMs = busyMs;
    let lookedAt = monotonicMs();
    while (!signal.aborted) {
      const turn = this.#turnOf(loop.agent, lookedAt);
      if (turn === 'full') await rest(busyMs);
      else if (turn === 'wait') {
        await rest(waitMs);
        waitMs = Math.min(waitMs * 2, idleMs);
      } else {
        if (turn === 'run') waitMs = busyMs;
        lookedAt = monotonicMs();
        const end = await this.#takeNext(loop, turn);
        if (end === 'away') await rest(awayMs);
        // Where the oldest was given up, the next may have waited as long.
        if (end === 'buried') lookedAt -= inspectMs;
      }
    }
  }

  #turnOf(agent: IngressAgent, lookedAt: number): 'full' | 'wait' | 'run' | 'inspect' {
    if (!this.#hasPlace(agent)) return 'full';
    // A look at every worker: whoever has many triggers and no worker must not cost much for as long as that lasts.
    if (this.#options.isAdmissible(agent)) return 'run';
    return this.#options.monotonicMs() - lookedAt < inspectMs ? 'wait' : 'inspect';
  }

  /** Runs it, or where it cannot be run looks whether it has waited too long. */
  async #takeNext(loop: Loop, turn: 'run' | 'inspect'): Promise<DeliveryEnd | 'none' | 'away'> {
    const { agent, trigger, ended } = loop;
    const { namespace, uid } = agent;
    const ref = { namespace, uid, subject: trigger.subject };
    const next = await this.#options.source.next(ref, ended.signal);
    if (next === 'none' || next === 'away') return next;
    if (ended.signal.aborted) {
      // Told to stop while it was asked for: it is another's.
      await next.again(0);
      return 'again';
    }
    if (turn === 'inspect') return await this.#inspect(next, loop);
    this.#run(next, loop);
    return 'none';
  }

  async #inspect(delivery: Delivery, { agent, trigger }: Loop): Promise<DeliveryEnd> {
    const end = await inspect(this.#context(), { delivery, agent, trigger });
    if (end === 'buried') this.#buried += 1;
    return end;
  }

  #context(): DeliveryContext {
    return { ...this.#options, isStopping: () => this.#stopped };
  }

  #hasPlace(agent: IngressAgent): boolean {
    const { maxConcurrent } = agent;
    const most = Math.min(limits.events.agent, maxConcurrent > 0 ? maxConcurrent : Number.POSITIVE_INFINITY);
    return this.#taken.of(agentId(agent)) < most;
  }

  #run(delivery: Delivery, { agent, trigger }: Loop): void {
    const id = agentId(agent);
    const counted = [{ key: id, most: Number.POSITIVE_INFINITY }];
    this.#taken.take(counted);
    const { namespace } = agent;
    const place = (lost: AbortSignal): Promise<(() => void) | undefined> =>
      this.#places.wait({ namespace, agent: id, peer: namespace }, lost);
    const running = deliver(this.#context(), { delivery, agent, trigger }, place)
      .then((end) => {
        if (end === 'buried') this.#buried += 1;
      })
      .catch((error: unknown) =>
        this.#options.log.error({ reason: errorMessage(error) }, 'an event was not run to its end'),
      )
      .finally(() => {
        this.#running.delete(running);
        this.#taken.give(counted);
      });
    this.#running.add(running);
  }
}
