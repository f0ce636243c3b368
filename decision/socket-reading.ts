/** Which WebSockets are read message by message, and what for. Pure. */
import type { ModelFact } from './clause.ts';
import type { DenialClause } from './denial.ts';
import type { Operation } from './operation/index.ts';
import type { RouteClause } from './provider-clause.ts';

/**
 * `judged`: each message of the agent is judged, and what cannot be read does not pass. `read`: no rule is about what is said in it;
 * what its answers use is recorded.
 */
export type SocketReading = 'judged' | 'read';

export interface SocketRules {
  /** The rule that took it; undefined: none did. */
  readonly clause: RouteClause | undefined;
  /** All that are about it, here and where it goes. */
  readonly denials: readonly DenialClause[];
}

/** undefined: nobody knows what its messages mean. */
export function readSocket(
  { operation, fact }: { readonly operation: Operation | undefined; readonly fact: ModelFact },
  { clause, denials }: SocketRules,
): SocketReading | undefined {
  if (operation?.model.from === 'session') return 'read';
  if (fact.kind !== 'each') return undefined;
  const isGoverned = clause?.route.kind === 'AIProviderRoute';
  const isDenied = denials.some(({ matches }) => matches.some(({ models }) => models.texts.length > 0));
  return isGoverned || isDenied ? 'judged' : 'read';
}
