/** How documents, frames, records and KV keys name an agent: `TaskAgent/<namespace>/<name>`. */
export const agentKinds = ['TaskAgent', 'DaemonAgent'] as const;
export type AgentKind = (typeof agentKinds)[number];

export interface AgentRef {
  readonly kind: AgentKind;
  readonly namespace: string;
  readonly name: string;
}

export function agentId(agent: AgentRef): string {
  return `${agent.kind}/${agent.namespace}/${agent.name}`;
}
