/** An event that sets an agent off. A value class, because what a subject may be is checked where it is written. */
import type { TaskAgentSpec } from '../api/index.ts';
import { present } from './custom-resource.ts';

/** How an event is tried. */
export interface EventTriggerOptions {
  /**
   * How often its run may fail before it is given up, 1 to 20.
   *
   * @default 5
   */
  readonly maxDeliver?: number;
}

type Trigger = NonNullable<TaskAgentSpec['triggers']>[number];

const maxSubjectLength = 200;
const subjectPattern = /^(?:(?:[A-Za-z0-9_-]+|\*)(?:\.(?:[A-Za-z0-9_-]+|\*))*(?:\.>)?|>)$/;

/**
 * An event on a subject of the agent's own namespace: published with `POST /events/<namespace>/<subject>` at the ingress, run at
 * least once, tried again with growing pauses, given up after so many tries.
 *
 * @example
 * ```ts
 * const triggers = [EventTrigger.on('orders.created'), EventTrigger.on('mail.>', { maxDeliver: 3 })];
 * new TaskAgent(chart, 'triage', { image: 'ghcr.io/acme/triage:1.0.0', pool, triggers });
 * ```
 */
export class EventTrigger {
  /** @internal */
  readonly spec: Trigger;

  private constructor(spec: Trigger) {
    this.spec = spec;
  }

  /**
   * Names separated by dots; `*` stands for one of them, `>` for all that follows.
   *
   * @example
   * ```ts
   * EventTrigger.on('orders.*');
   * ```
   */
  static on(subject: string, { maxDeliver }: EventTriggerOptions = {}): EventTrigger {
    if (subject.length > maxSubjectLength || !subjectPattern.test(subject)) {
      throw new Error(
        `"${subject}" is not a subject: write names of letters, digits, _ and -, such as orders.*`,
      );
    }
    if (maxDeliver !== undefined && !(Number.isInteger(maxDeliver) && maxDeliver >= 1 && maxDeliver <= 20)) {
      throw new Error(`maxDeliver ${maxDeliver} must be a whole number from 1 to 20`);
    }
    return new EventTrigger(present({ type: 'Event' as const, subject, maxDeliver }));
  }
}
