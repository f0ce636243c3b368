/** Condition Triggered of an agent with event triggers, pure: whether each of them is heard. */
import type { TaskAgent } from '../kind.ts';
import type { Finding } from '../runtime/index.ts';

const type = 'Triggered';

/** `heard`: its place in NATS is there. Undefined: the agent has no triggers, and its status says nothing of them. */
export function triggerFinding(
  { spec: { triggers = [] } }: TaskAgent,
  heard: (subject: string) => boolean,
  hasIngress: boolean,
): Finding | undefined {
  if (triggers.length === 0) return undefined;
  const missing = triggers.find(({ subject }) => !heard(subject));
  if (missing !== undefined) {
    const message = `${missing.subject} has no place in NATS yet: what is published on it is not kept`;
    return { type, status: 'False', reason: 'StreamNotReady', message };
  }
  if (!hasIngress) {
    return { type, status: 'False', reason: 'IngressNotReady', message: 'no ingress is there to run events' };
  }
  return { type, status: 'True', reason: 'TriggersHeard', message: '' };
}
