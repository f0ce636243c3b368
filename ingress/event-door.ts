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
import { KeptBytes, Shares } from './share.ts';
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
  readonly #publishing = new Shares(limits.publishing);

  constructor(source: EventSource) {
    this.#source = source;
  }

  /** `heard`: an agent has a trigger for it. */
  async take(call: Call, { namespace, subject }: EventTarget, heard: boolean): Promise<void> {
    if (call.method !== 'POST') return sendProblem(call, problems.methodOfEvent, { allow: 'POST' });
    if (!heard) return sendProblem(call, problems.noTrigger);
    const place = this.#publishing.take({ namespace, agent: namespace, peer: call.peer });
    if (place === undefined) return sendProblem(call, problems.tooManyUploads);
    try {
      const problem = await this.#publish(call, { namespace, subject });
      if (problem === undefined) sendAccepted(call, { subject, state: 'kept' });
      else sendProblem(call, problem);
    } finally {
      place();
    }
  }

  async #publish(call: Call, { namespace, subject }: EventTarget): Promise<Problem | undefined> {
    const body = call.openBody(new KeptBytes(eventBounds.maxBytes));
    try {
      await body.prefetch();
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
