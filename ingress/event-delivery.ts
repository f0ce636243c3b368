/**
 * One delivery of one event: held while it is run, and done with once its run has ended well. It must never let a run go on that
 * somebody else may have begun meanwhile, and never say that an event is done with whose run was not seen to end.
 */
import { randomUUID } from 'node:crypto';
import {
  afterFailureMs,
  eventTimes,
  type EventTrigger,
  type IngressAgent,
  type ScheduleResult,
  type Trigger,
} from '../contract/index.ts';
import type { Delivery, EventSource } from './event-source.ts';
import { judgeEvent, judgeUnkept, readEnd, type EventEnd, type EventVerdict } from './event-verdict.ts';
import { standingCall, type StandingCall } from './scheduled-call.ts';

export interface DeliveryContext {
  readonly source: EventSource;
  readonly monotonicMs: () => number;
  /** By NATS's clock; undefined: unknown. */
  readonly timeMs: () => Promise<number | undefined>;
  /** Runs it to its end. Never rejects. */
  readonly fire: (
    call: StandingCall,
    agent: IngressAgent,
    told: { readonly id: string; readonly trigger: Trigger },
  ) => Promise<ScheduleResult>;
  readonly isStopping: () => boolean;
}

export type DeliveryEnd = 'done' | 'again' | 'retry' | 'buried' | 'lost';

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

export interface Delivered {
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
    const end = endOf(result, context.isStopping());
    return await settle(context, { delivery, agent, trigger }, { end, invocation: id });
  } finally {
    hold.release();
    free?.();
  }
}

/** Of an agent that could not be called for long: what has waited too long is given up, all else is left as it was. */
export async function inspect(context: DeliveryContext, delivered: Delivered): Promise<DeliveryEnd> {
  const end = { kind: 'notStarted', code: 'NO_READY_WORKER' } as const;
  return await settle(context, delivered, { end, invocation: 'none' });
}

function endOf({ succeeded, code }: ScheduleResult, isStopping: boolean): EventEnd {
  if (succeeded) return { kind: 'well' };
  return isStopping ? { kind: 'stopping' } : readEnd(code ?? 'UNKNOWN');
}

interface Ended {
  readonly end: EventEnd;
  readonly invocation: string;
}

async function settle(context: DeliveryContext, delivered: Delivered, ended: Ended): Promise<DeliveryEnd> {
  const { delivery, agent, trigger } = delivered;
  const { failures, tries } = delivery;
  const now = ended.end.kind === 'well' ? undefined : await context.timeMs();
  const standing = { failures, tries, waitedMs: now === undefined ? undefined : now - delivery.storedAt };
  const verdict = judgeEvent(standing, ended.end, trigger.maxDeliver);
  if (verdict.do === 'retry') {
    const ref = { namespace: agent.namespace, uid: agent.uid, subject: trigger.subject };
    const told = { failures: verdict.failures, delayMs: verdict.afterMs };
    if (await context.source.retry(ref, delivery, told)) {
      await delivery.done();
      return 'retry';
    }
    const code = 'code' in ended.end ? ended.end.code : 'UNKNOWN';
    return await carryOut(context, delivered, judgeUnkept(standing, verdict, code), ended.invocation);
  }
  return await carryOut(context, delivered, verdict, ended.invocation);
}

async function carryOut(
  { source }: DeliveryContext,
  { delivery, agent: { namespace, name } }: Delivered,
  verdict: EventVerdict,
  invocation: string,
): Promise<DeliveryEnd> {
  if (verdict.do === 'done') return (await delivery.done()) ? 'done' : 'lost';
  if (verdict.do !== 'giveUp') {
    await delivery.again(verdict.afterMs);
    return 'again';
  }
  const { deliveries, subject, headers, data } = delivery;
  const { failures, reason } = verdict;
  const dead = { namespace, agent: name, subject, headers, data, reason, failures, deliveries, invocation };
  if (await source.bury(dead)) {
    await delivery.done();
    return 'buried';
  }
  await delivery.again(afterFailureMs(failures));
  return 'again';
}
