/** An event that was given up, told on its agent as an Event of Kubernetes. */
import { kinds } from '../kind.ts';
import type { DeadEvent } from '../nats-events.ts';
import type { EventRecorder, World } from '../runtime/index.ts';

export function tellDeadEvent(world: World, events: EventRecorder, dead: DeadEvent): void {
  const { namespace, agent: name, subject, reason, deliveries, invocation } = dead;
  const agent = world.get(kinds.taskAgent, namespace, name);
  if (agent === undefined) return;
  events.record(kinds.taskAgent, agent, {
    type: 'Warning',
    reason: 'EventGivenUp',
    action: 'Deliver',
    note: `an event on ${subject} failed ${deliveries} times, the last time with ${reason} (invocation ${invocation}); it is kept on clrk.dead.${namespace}.${name}.${subject}`,
  });
}
