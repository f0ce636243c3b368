/** How documents, frames, records and KV keys name an agent: `TaskAgent/<namespace>/<name>`. */
export const agentKinds = ['TaskAgent', 'DaemonAgent'] as const;
export type AgentKind = (typeof agentKinds)[number];

export interface AgentRef {
  readonly kind: AgentKind;
  readonly namespace: string;
  readonly name: string;
}

/** What each kind of agent is to the data plane. */
interface AgentKindFacts {
  /** Callers reach it through the ingress, each call a run of its own. */
  readonly takesCalls: boolean;
  /** Sandboxes are made ahead of its calls. */
  readonly warms: boolean;
}

const kindFacts: Readonly<Record<AgentKind, AgentKindFacts>> = {
  TaskAgent: { takesCalls: true, warms: true },
  DaemonAgent: { takesCalls: false, warms: false },
};

export function factsOfKind(agent: { readonly kind: AgentKind }): AgentKindFacts {
  return kindFacts[agent.kind];
}

export function agentId(agent: AgentRef): string {
  return `${agent.kind}/${agent.namespace}/${agent.name}`;
}

/** The reverse of `agentId`; undefined: the text is none. */
export function parseAgentId(id: string): AgentRef | undefined {
  const [kind, namespace, name, ...more] = id.split('/');
  const known = agentKinds.find((each) => each === kind);
  if (known === undefined || !namespace || !name || more.length > 0) return undefined;
  return { kind: known, namespace, name };
}
