/** The agents of one config document by name. DaemonAgents take no calls and are not in it. */
import type { IngressAgent, IngressConfig } from '../contract/index.ts';

export class AgentTable {
  readonly #agents: ReadonlyMap<string, IngressAgent>;

  constructor(config: IngressConfig) {
    this.#agents = new Map(
      config.agents
        .filter((agent) => agent.kind === 'TaskAgent')
        .map((agent) => [`${agent.namespace}/${agent.name}`, agent]),
    );
  }

  find(namespace: string, name: string): IngressAgent | undefined {
    return this.#agents.get(`${namespace}/${name}`);
  }
}
