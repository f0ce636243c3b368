/**
 * Where events are published: `POST /events/<namespace>/<subject>`. What was answered 202 is on disk, and is run at least once by
 * every agent that has a trigger for it. It must never take an event nobody hears.
 */
import { createHash } from 'node:crypto';
import { eventBounds, isEventSubject } from '../contract/index.ts';
import { sendAccepted } from './accepted.ts';
import type { Call } from './call.ts';
import { readEvent, type EventInput } from './cloud-event-input.ts';
import type { EventSource } from './event-source.ts';
import { limits } from './limits.ts';
import { problems, sendProblem, type Problem } from './problem.ts';
import { PublishPlaces, type PublishPlace } from './publish-places.ts';
import type { RequestBody } from './request-body.ts';
import { KeptBytes } from './share.ts';
import { namesAgent, type TargetRequest } from './target.ts';

export interface EventTarget {
  readonly namespace: string;
  readonly subject: string;
}

const path = /^\/events\/([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)\/([A-Za-z0-9._-]{1,200})$/;

/** Undefined: the request is for an agent, or for nobody. Pure. */
export function parseEventTarget(request: TargetRequest): EventTarget | undefined {
  const [, namespace, subject] = path.exec(request.url) ?? [];
  if (namespace === undefined || subject === undefined || namesAgent(request)) return undefined;
  return isEventSubject(subject) ? { namespace, subject } : undefined;
}

/**
 * What NATS knows an event by. What a producer publishes twice is one: by source and id, which are one event in CloudEvents. On another subject it is another:
 * who hears that one has not heard it.
 */
export function eventIdOf(subject: string, { headers }: EventInput): string | undefined {
  const { 'ce-id': id, 'ce-source': source } = headers;
  if (id === undefined || source === undefined) return undefined;
  return createHash('sha256')
    .update(JSON.stringify([subject, source, id]))
    .digest('hex');
}

export class EventDoor {
  readonly #source: EventSource;
  readonly #monotonicMs: () => number;
  readonly #places = new PublishPlaces(limits.publishing);

  constructor(source: EventSource, monotonicMs: () => number) {
    this.#source = source;
    this.#monotonicMs = monotonicMs;
  }

  /** Events being published. */
  get publishing(): number {
    return this.#places.taken;
  }

  /** `heard`: an agent has a trigger for it. */
  async take(call: Call, { namespace, subject }: EventTarget, heard: boolean): Promise<void> {
    if (call.method !== 'POST') return sendProblem(call, problems.methodOfEvent, { allow: 'POST' });
    if (!heard) return sendProblem(call, problems.noTrigger);
    const late = new AbortController();
    const giveWay = (): void => late.abort(problems.tooManyUploads);
    const place = this.#places.take({ namespace, peer: call.peer }, this.#monotonicMs(), giveWay);
    if (place === undefined) return sendProblem(call, problems.tooManyUploads);
    const timer = setTimeout(() => late.abort(problems.bodyStalled), limits.eventBodyMs);
    try {
      const problem = await this.#publish(call, { namespace, subject }, { place, late: late.signal });
      if (problem === undefined) sendAccepted(call, { subject, state: 'kept' });
      else sendProblem(call, problem);
    } finally {
      clearTimeout(timer);
      place.free();
    }
  }

  async #publish(
    call: Call,
    { namespace, subject }: EventTarget,
    { place, late }: { readonly place: PublishPlace; readonly late: AbortSignal },
  ): Promise<Problem | undefined> {
    const body = call.openBody(new KeptBytes(eventBounds.maxBytes));
    try {
      const tooLate = await cameOrLate(body, late);
      if (tooLate !== undefined) return tooLate;
      place.settle();
      const data = body.ended ? body.whole : undefined;
      if (data === undefined) return problems.eventTooLarge;
      const event = readEvent(call.headers, data);
      if (event === undefined) return problems.eventInvalid;
      const bytes = JSON.stringify(event.headers).length + event.data.length;
      // Less what NATS itself says of it.
      if (bytes > eventBounds.maxBytes - 1_024) return problems.eventTooLarge;
      const stored = await this.#source.publish(namespace, { subject, ...event }, eventIdOf(subject, event));
      return stored === 'taken' ? undefined : problems.eventsFull;
    } finally {
      body.close();
    }
  }
}

/** Undefined when as much of it is here as is wanted; else why it is not waited for any more. Rejects as the body does. */
function cameOrLate(body: RequestBody, late: AbortSignal): Promise<Problem | undefined> {
  return new Promise((resolve, reject) => {
    late.addEventListener('abort', () => resolve(late.reason as Problem), { once: true });
    // What it says after that is nobody's concern.
    body.prefetch().then(() => resolve(undefined), reject);
  });
}
