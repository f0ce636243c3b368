/** A TaskAgent: a program in an image that runs once a call, in a sandbox of its own, behind its gateways. */
import { Duration, Size } from 'cdk8s';
import type { Construct } from 'constructs';
import type { TaskAgentSpec } from '../api/index.ts';
import { CustomResource, present, refuse, type ResourceProps } from './custom-resource.ts';
import type { IEgressGateway } from './egress-route.ts';
import { EnvValue } from './env-value.ts';
import type { IWorkerPool } from './worker-pool.ts';

export interface AgentState {
  /** Largest size of the directory. @default 100 MiB */
  readonly sizeLimit?: Size;
  /** @default /var/clrk/state */
  readonly mountPath?: string;
}

export interface TaskAgentProps extends ResourceProps {
  readonly image: string;
  readonly pool: IWorkerPool;
  /** Ways out. @default none: the agent reaches nothing */
  readonly egress?: readonly IEgressGateway[];
  /** Replaces the image's entry point. */
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string | EnvValue>>;
  /** Of one execution. @default 100 seconds */
  readonly timeout?: Duration;
  /** Cores of one execution, such as 0.5. @default 1 */
  readonly cpu?: number;
  /** Of one execution. @default 512 MiB */
  readonly memory?: Size;
  readonly ephemeralStorage?: Size;
  /** Executions at once, in the whole cluster. @default no limit */
  readonly maxConcurrent?: number;
  /** Sandboxes each worker keeps ready. @default 0 */
  readonly warmPoolSize?: number;
  readonly warmPoolIdleTtl?: Duration;
  /** A directory that outlives executions. @default none */
  readonly state?: AgentState;
  /** How the call reaches the program. @default Stdin */
  readonly delivery?: 'Stdin' | 'Metadata';
}

// The CRD's own bound (reference b).
const maxWarmPoolSize = 16;
// Longer executions are cut by the worker (reference a).
const hardTimeout = Duration.minutes(5);
const imagePattern = /^[^\s/][^\s]*[^\s/]$/;
const envNamePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;

export class TaskAgent extends CustomResource {
  readonly #props: TaskAgentProps;
  readonly #egress: IEgressGateway[] = [];
  readonly #env = new Map<string, EnvValue>();

  constructor(scope: Construct, id: string, props: TaskAgentProps) {
    super(scope, id, 'TaskAgent', props);
    this.#props = props;
    const { image, timeout } = props;
    if (!imagePattern.test(image) || image.includes('://') || image.includes('//')) {
      refuse(this, `"${image}" is not an image reference`);
    }
    if (timeout !== undefined && timeout.toMilliseconds() > hardTimeout.toMilliseconds()) {
      refuse(this, `timeout ${timeout.toHumanString()} is longer than ${hardTimeout.toHumanString()}`);
    }
    this.#refuseNumbers();
    this.requireSameNamespace(props.pool, 'WorkerPool');
    for (const gateway of props.egress ?? []) this.addEgress(gateway);
    for (const [name, value] of Object.entries(props.env ?? {})) this.addEnv(name, value);
  }

  addEgress(gateway: IEgressGateway): void {
    this.requireSameNamespace(gateway, 'EgressGateway');
    if (this.#egress.some(({ name }) => name === gateway.name)) refuse(this, `names "${gateway.name}" twice`);
    this.#egress.push(gateway);
  }

  addEnv(name: string, value: string | EnvValue): void {
    if (!envNamePattern.test(name)) refuse(this, `"${name}" is not the name of an environment variable`);
    this.#env.set(name, typeof value === 'string' ? EnvValue.fromValue(value) : value);
  }

  #refuseNumbers(): void {
    for (const key of ['maxConcurrent', 'warmPoolSize'] as const) {
      const value = this.#props[key] ?? 0;
      if (!Number.isInteger(value) || value < 0) refuse(this, `${key} must be a whole number, not ${value}`);
    }
    const { cpu = 1, warmPoolSize = 0 } = this.#props;
    if (warmPoolSize > maxWarmPoolSize) refuse(this, `warmPoolSize must be at most ${maxWarmPoolSize}`);
    if (!(cpu >= 0.001)) refuse(this, `cpu ${cpu} must be at least a thousandth of a core`);
  }

  protected override toSpec(): TaskAgentSpec {
    const { image, command, args, pool, delivery } = this.#props;
    const { timeout = Duration.seconds(100), maxConcurrent, warmPoolSize, warmPoolIdleTtl } = this.#props;
    const env = [...this.#env].map(([name, { source }]) => ({ name, ...source }));
    const egressRefs = this.#egress.map(({ name }) => ({ gatewayRef: name }));
    return present({
      template: {
        spec: present({
          image,
          command: command && [...command],
          args: args && [...args],
          env: env.length > 0 ? env : undefined,
        }),
      },
      workerPoolRef: pool.name,
      egressRefs: egressRefs.length > 0 ? egressRefs : undefined,
      resources: this.#resources(),
      timeout: seconds(timeout),
      maxConcurrent,
      warmPoolSize,
      warmPoolIdleTTL: warmPoolIdleTtl === undefined ? undefined : seconds(warmPoolIdleTtl),
      state: this.#state(),
      delivery: delivery === undefined ? undefined : { mode: delivery },
    });
  }

  /** Written out although they are the platform's own defaults: a reviewer sees what an execution may use. */
  #resources(): NonNullable<TaskAgentSpec['resources']> {
    const { cpu = 1, memory = Size.mebibytes(512), ephemeralStorage } = this.#props;
    return present({
      cpu: Number.isInteger(cpu) ? `${cpu}` : `${Math.round(cpu * 1000)}m`,
      memory: memory.asString(),
      ephemeralStorage: ephemeralStorage?.asString(),
    });
  }

  #state(): TaskAgentSpec['state'] | undefined {
    const { state } = this.#props;
    if (state === undefined) return undefined;
    const { sizeLimit = Size.mebibytes(100), mountPath } = state;
    return present({ backend: 'sqlite', sizeLimitMB: sizeLimit.toMebibytes(), mountPath });
  }
}

function seconds(duration: Duration): string {
  return `${duration.toSeconds()}s`;
}
