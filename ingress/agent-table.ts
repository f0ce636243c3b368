/** The agents of one config document that take calls, by name. */
import { factsOfKind, type IngressAgent, type IngressConfig } from '../contract/index.ts';

export class AgentTable {
  readonly #agents: ReadonlyMap<string, IngressAgent>;

  constructor(config: IngressConfig) {
    this.#agents = new Map(
      config.agents
        .filter((agent) => factsOfKind(agent).takesCalls)
        .map((agent) => [`${agent.namespace}/${agent.name}`, agent]),
    );
  }

  find(namespace: string, name: string): IngressAgent | undefined {
    return this.#agents.get(`${namespace}/${name}`);
  }
}
