/** The reverse of contract's `agentId`: `TaskAgent/ns/name` to its parts, or undefined when it is not one. */
import { agentKinds, type AgentRef } from '../contract/index.ts';

export function splitAgentId(id: string): AgentRef | undefined {
  const [kind, namespace, name, ...more] = id.split('/');
  const known = agentKinds.find((each) => each === kind);
  if (known === undefined || !namespace || !name || more.length > 0) return undefined;
  return { kind: known, namespace, name };
}
