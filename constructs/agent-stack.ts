/** An AgentStack: one agent with all it needs, as a chart. What it makes is what a person would have written by hand. */
import { Chart, type ChartProps } from 'cdk8s';
import type { Construct } from 'constructs';
import { providers as providerNames, type Provider } from './ai-provider-route.ts';
import { refuse } from './custom-resource.ts';
import { EgressGateway } from './egress-gateway.ts';
import type { AllowMcpOptions, AllowProviderOptions } from './egress-grant.ts';
import { TaskAgent, type TaskAgentProps } from './task-agent.ts';
import { WorkerPool, type IWorkerPool } from './worker-pool.ts';

/** Properties of an AgentStack: those of its TaskAgent, what it may reach, and those of the chart. */
export interface AgentStackProps
  extends Omit<TaskAgentProps, 'pool' | 'metadata'>, Pick<ChartProps, 'namespace' | 'labels'> {
  /**
   * The workers it runs on.
   *
   * @default a pool of its own with one worker
   */
  readonly pool?: IWorkerPool;
  /**
   * Providers it may call, each with what `allowProvider` takes.
   *
   * @default none
   */
  readonly providers?: Readonly<Partial<Record<Provider, AllowProviderOptions>>>;
  /**
   * MCP servers it may use, each with what `allowMcp` takes.
   *
   * @default none
   */
  readonly mcp?: Readonly<Record<string, AllowMcpOptions>>;
  /**
   * Hosts it may reach on port 443.
   *
   * @default none
   */
  readonly hosts?: readonly string[];
}

// A person who says nothing gets an agent that cannot fill a cluster.
const defaultMaxConcurrent = 10;

/**
 * One agent with all it needs: a pool, a gateway of its own that is closed but for what is named here, and the agent.
 *
 * @example
 * ```ts
 * import { App } from 'cdk8s';
 * import { AgentStack, Credential, Tools } from '@clrk/constructs';
 *
 * const app = new App();
 * new AgentStack(app, 'triage', {
 *   namespace: 'agents',
 *   image: 'ghcr.io/acme/triage:1.0.0',
 *   providers: { openai: { models: ['gpt-4o*'], credential: Credential.bearer({ name: 'openai' }) } },
 *   mcp: { 'mcp.github.com': { tools: Tools.allow('search_*'), credential: Credential.bearer({ name: 'github' }) } },
 *   hosts: ['api.github.com'],
 * });
 * app.synth();
 * ```
 */
export class AgentStack extends Chart {
  /** The agent, named as the stack. */
  readonly agent: TaskAgent;
  /** Its own gateway, `<stack>-gateway`; open more with its `allow…`. */
  readonly gateway: EgressGateway;
  /** Its workers, `<stack>-pool` unless given. */
  readonly pool: IWorkerPool;

  constructor(scope: Construct, id: string, props: AgentStackProps) {
    const { pool, namespace, labels, egress = [] } = props;
    super(scope, id, {
      ...(namespace === undefined ? {} : { namespace }),
      labels: { 'app.kubernetes.io/part-of': id, ...labels },
    });
    if (id.length > 42)
      refuse(this, `the id of a stack is at most 42 characters, so that its objects have room`);
    this.pool = pool ?? new WorkerPool(this, `${id}-pool`);
    this.gateway = new EgressGateway(this, `${id}-gateway`);
    this.agent = new TaskAgent(this, id, {
      maxConcurrent: defaultMaxConcurrent,
      ...props,
      pool: this.pool,
      egress: [this.gateway, ...egress],
    });
    this.#open(props);
  }

  #open({ providers = {}, mcp = {}, hosts = [] }: AgentStackProps): void {
    for (const provider of providerNames) {
      const options = providers[provider];
      if (options !== undefined) this.gateway.allowProvider(provider, options);
    }
    for (const [host, options] of Object.entries(mcp)) this.gateway.allowMcp(host, options);
    if (hosts.length > 0) this.gateway.allowHosts(hosts);
  }
}
