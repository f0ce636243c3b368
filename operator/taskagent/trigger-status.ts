/** Condition Triggered of an agent with event triggers, pure: whether each of them is heard. */
import { eventBounds } from '../../contract/index.ts';
import type { TaskAgent } from '../kind.ts';
import type { Finding } from '../runtime/index.ts';

const type = 'Triggered';

export interface TriggerState {
  /** Its place in NATS is there. */
  readonly heard: (subject: string) => boolean;
  /** The namespace has as many as it may. */
  readonly isFull: boolean;
  readonly hasIngress: boolean;
}

/** Undefined: the agent has no triggers, and its status says nothing of them. */
export function triggerFinding(
  { spec: { triggers = [] } }: TaskAgent,
  { heard, isFull, hasIngress }: TriggerState,
): Finding | undefined {
  if (triggers.length === 0) return undefined;
  const missing = triggers.find(({ subject }) => !heard(subject));
  if (missing !== undefined && isFull) {
    const message = `${missing.subject} is not heard: the namespace has ${eventBounds.namespaceTriggers} triggers, of its oldest agents, and may have no more; hear several subjects by one wildcard, remove triggers, or use another namespace`;
    return { type, status: 'False', reason: 'TooManyTriggers', message };
  }
  if (missing !== undefined) {
    const message = `${missing.subject} has no place in NATS yet: what is published on it is not kept`;
    return { type, status: 'False', reason: 'StreamNotReady', message };
  }
  if (!hasIngress) {
    return { type, status: 'False', reason: 'IngressNotReady', message: 'no ingress is there to run events' };
  }
  return { type, status: 'True', reason: 'TriggersHeard', message: '' };
}
