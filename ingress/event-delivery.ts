/**
 * One delivery of one event: held while it is run, and done with once its run has ended well. It must never let a run go on that
 * somebody else may have begun meanwhile, and never say that an event is done with whose run was not seen to end.
 */
import { randomUUID } from 'node:crypto';
import {
  afterFailureMs,
  eventTimes,
  notRunMs,
  type EventTrigger,
  type IngressAgent,
  type ScheduleResult,
  type Trigger,
} from '../contract/index.ts';
import { problems } from './problem.ts';
import type { Delivery, EventSource } from './event-source.ts';
import { standingCall, type StandingCall } from './scheduled-call.ts';
import { isWorkerRefusal } from './worker-refusal.ts';

export interface DeliveryContext {
  readonly source: EventSource;
  readonly monotonicMs: () => number;
  /** Runs it to its end. Never rejects. */
  readonly fire: (
    call: StandingCall,
    agent: IngressAgent,
    told: { readonly id: string; readonly trigger: Trigger },
  ) => Promise<ScheduleResult>;
  readonly isStopping: () => boolean;
}

export type DeliveryEnd = 'done' | 'again' | 'buried' | 'lost';

/** What says that nothing ran: it is tried again and does not count. */
const notRun: ReadonlySet<string> = new Set([
  problems.no_ready_revision.code,
  problems.at_max_concurrent.code,
  problems.no_ready_worker.code,
  problems.recordsFull.code,
  problems.notConfigured.code,
  problems.draining.code,
]);

/** What its producer says of an event, for the agent: source and subject of a call are the platform's to say (041). */
export function eventHeaders({ headers, id, deliveries }: Delivery): Record<string, string> {
  const { 'ce-source': source, 'ce-subject': subject, ...own } = headers;
  const passed = Object.entries(own).filter(([name]) => name === 'content-type' || name.startsWith('ce-'));
  return {
    'ce-id': id,
    ...Object.fromEntries(passed),
    ...(source === undefined ? {} : { 'ce-eventsource': source }),
    ...(subject === undefined ? {} : { 'ce-eventsubject': subject }),
    'ce-eventdelivery': String(deliveries),
  };
}

/** Says again that it goes on, and aborts when that was not heard for too long. */
class Hold {
  readonly #delivery: Delivery;
  readonly #now: () => number;
  readonly #lost = new AbortController();
  #heardAt: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(delivery: Delivery, now: () => number) {
    this.#delivery = delivery;
    this.#now = now;
    this.#heardAt = now();
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** False: nobody answered, nothing may be run. */
  async take(): Promise<boolean> {
    if (!(await this.#renew())) return false;
    this.#timer = setInterval(() => void this.#beat(), eventTimes.renewMs / 4);
    this.#timer.unref();
    return true;
  }

  release(): void {
    clearInterval(this.#timer);
  }

  #asking = false;

  async #beat(): Promise<void> {
    const since = this.#now() - this.#heardAt;
    if (since > eventTimes.giveUpMs) this.#lost.abort();
    else if (since >= eventTimes.renewMs && !this.#asking) await this.#renew();
  }

  async #renew(): Promise<boolean> {
    this.#asking = true;
    const askedAt = this.#now();
    const heard = await this.#delivery.renew();
    if (heard) this.#heardAt = askedAt;
    this.#asking = false;
    return heard;
  }
}

interface Delivered {
  readonly delivery: Delivery;
  readonly agent: IngressAgent;
  readonly trigger: EventTrigger;
}

/** `place`: resolves when it may run; undefined: it may not any more. */
export async function deliver(
  context: DeliveryContext,
  { delivery, agent, trigger }: Delivered,
  place: (lost: AbortSignal) => Promise<(() => void) | undefined>,
): Promise<DeliveryEnd> {
  const hold = new Hold(delivery, context.monotonicMs);
  if (!(await hold.take())) return 'lost';
  const free = await place(hold.lost);
  try {
    if (free === undefined || hold.lost.aborted) return 'lost';
    const id = randomUUID();
    const call = standingCall(agent.namespace, {
      ...{ input: delivery.data, headers: eventHeaders(delivery), signal: hold.lost },
    });
    const told = { id, trigger: { type: 'Event', source: delivery.subject } } as const;
    const result = await context.fire(call, agent, told);
    // Another may run it by now: whatever is said of it is said by that one.
    if (hold.lost.aborted) return 'lost';
    return await settle(context, { delivery, agent, trigger }, { result, invocation: id });
  } finally {
    hold.release();
    free?.();
  }
}

async function settle(
  { source, isStopping }: DeliveryContext,
  { delivery, agent, trigger }: Delivered,
  { result, invocation }: { readonly result: ScheduleResult; readonly invocation: string },
): Promise<DeliveryEnd> {
  const { deliveries, subject, headers, data } = delivery;
  if (result.succeeded) return (await delivery.done()) ? 'done' : 'lost';
  const reason = result.code ?? 'UNKNOWN';
  const didNotRun = notRun.has(reason) || isWorkerRefusal(reason);
  if (didNotRun || isStopping()) {
    await delivery.again(isStopping() ? 0 : notRunMs);
    return 'again';
  }
  if (deliveries < trigger.maxDeliver) {
    await delivery.again(afterFailureMs(deliveries));
    return 'again';
  }
  const { namespace, name } = agent;
  const dead = { namespace, agent: name, subject, headers, data, reason, deliveries, invocation };
  if (await source.bury(dead)) {
    await delivery.done();
    return 'buried';
  }
  await delivery.again(afterFailureMs(deliveries));
  return 'again';
}
