/** The agents of one config document that take calls, by name. */
import { factsOfKind, subjectMatches, type IngressAgent, type IngressConfig } from '../contract/index.ts';
import { CallerReader } from './caller-identity.ts';

export class AgentTable {
  readonly #agents: ReadonlyMap<string, IngressAgent>;
  /** Made when first asked for; they go with the config. */
  readonly #callers = new Map<IngressAgent, CallerReader>();

  /** Subjects of triggers, by namespace. */
  readonly #heard = new Map<string, string[]>();

  constructor(config: IngressConfig) {
    for (const { namespace, triggers = [] } of config.agents) {
      if (triggers.length === 0) continue;
      const own = this.#heard.get(namespace) ?? [];
      own.push(...triggers.map(({ subject }) => subject));
      this.#heard.set(namespace, own);
    }
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

  /** Is there an agent that events on this subject set off? */
  hears(namespace: string, subject: string): boolean {
    return (this.#heard.get(namespace) ?? []).some((each) => subjectMatches(each, subject));
  }

  find(namespace: string, name: string): IngressAgent | undefined {
    return this.#agents.get(`${namespace}/${name}`);
  }
}
