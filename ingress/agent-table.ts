/** The agents of one config document that take calls, by name. */
import { factsOfKind, type IngressAgent, type IngressConfig } from '../contract/index.ts';
import { CallerReader } from './caller-identity.ts';

export class AgentTable {
  readonly #agents: ReadonlyMap<string, IngressAgent>;
  /** Made when first asked for; they go with the config. */
  readonly #callers = new Map<IngressAgent, CallerReader>();

  constructor(config: IngressConfig) {
    this.#agents = new Map(
      config.agents
        .filter((agent) => factsOfKind(agent).takesCalls)
        .map((agent) => [`${agent.namespace}/${agent.name}`, agent]),
    );
  }

  /** undefined: the agent does not ask who calls. */
  callerReader(agent: IngressAgent): CallerReader | undefined {
    if (agent.callerExtractors === undefined) return undefined;
    const reader = this.#callers.get(agent) ?? new CallerReader(agent.callerExtractors);
    this.#callers.set(agent, reader);
    return reader;
  }

  find(namespace: string, name: string): IngressAgent | undefined {
    return this.#agents.get(`${namespace}/${name}`);
  }
}
