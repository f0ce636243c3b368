/**
 * Which triggers are heard: of a namespace so many and no more, those of its oldest agents first, so that nobody takes away what
 * another's agent has. The same for the ingress, for NATS and for the status.
 */
import { eventBounds, type EventTrigger } from '../../contract/index.ts';
import { kinds, type TaskAgent } from '../kind.ts';
import type { World } from '../runtime/index.ts';
import { byAge, isLive } from './order.ts';

export interface HeardTrigger extends EventTrigger {
  readonly agent: TaskAgent;
}

/** One for each subject: the same one twice is the first. */
function ownTriggers({ spec: { triggers = [] } }: TaskAgent): EventTrigger[] {
  const bySubject = new Map<string, EventTrigger>();
  for (const { subject, maxDeliver = eventBounds.defaultMaxDeliver } of triggers) {
    if (!bySubject.has(subject)) bySubject.set(subject, { subject, maxDeliver });
  }
  return [...bySubject.values()];
}

export function heardTriggers(world: World, namespace: string): HeardTrigger[] {
  const agents = world
    .list(kinds.taskAgent, namespace)
    .filter((agent) => isLive(agent) && (agent.spec.triggers ?? []).length > 0);
  return byAge(agents)
    .flatMap((agent) => ownTriggers(agent).map((trigger) => ({ ...trigger, agent })))
    .slice(0, eventBounds.namespaceTriggers);
}

/** By agent, for who compiles many: each namespace is looked at once. */
export function triggersByAgent(world: World): (agent: TaskAgent) => readonly EventTrigger[] {
  const known = new Map<string, ReadonlyMap<string, readonly EventTrigger[]>>();
  return ({ metadata: { namespace, name }, spec }) => {
    if ((spec.triggers ?? []).length === 0) return [];
    const heard = known.get(namespace) ?? byName(heardTriggers(world, namespace));
    known.set(namespace, heard);
    return heard.get(name) ?? [];
  };
}

function byName(heard: readonly HeardTrigger[]): ReadonlyMap<string, readonly EventTrigger[]> {
  const found = new Map<string, EventTrigger[]>();
  for (const { agent, ...trigger } of heard) {
    const own = found.get(agent.metadata.name) ?? [];
    own.push(trigger);
    found.set(agent.metadata.name, own);
  }
  return found;
}
