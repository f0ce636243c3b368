/** An event that was given up, told on its agent as an Event of Kubernetes. */
import { eventTimes } from '../../contract/index.ts';
import { kinds } from '../kind.ts';
import type { DeadEvent } from '../nats-events.ts';
import type { EventRecorder, World } from '../runtime/index.ts';

export function tellDeadEvent(world: World, events: EventRecorder, dead: DeadEvent): void {
  const { namespace, agent: name, subject } = dead;
  const agent = world.get(kinds.taskAgent, namespace, name);
  if (agent === undefined) return;
  events.record(kinds.taskAgent, agent, {
    type: 'Warning',
    reason: 'EventGivenUp',
    action: 'Deliver',
    note: `an event on ${subject} ${whyGivenUp(dead)}; it is kept on clrk.dead.${namespace}.${name}.${subject}`,
  });
}

function whyGivenUp({ reason, failures, invocation }: DeadEvent): string {
  const [notStarted, code] = reason.split(' ', 2);
  if (notStarted !== 'NOT_STARTED') {
    return `failed ${failures} times, the last time with ${reason} (invocation ${invocation})`;
  }
  const hours = eventTimes.notStartedMs / 3_600_000;
  return `could not be started for ${hours} h (${code ?? 'no reason given'}), after ${failures} failures`;
}
