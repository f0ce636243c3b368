/** What both kinds of agent are: a program in an image, in a sandbox, behind its gateways. It must never know triggers. */
import { Size } from 'cdk8s';
import type { Construct } from 'constructs';
import type { TaskAgentSpec } from '../api/index.ts';
import { CustomResource, present, refuse, type INamed, type ResourceProps } from './custom-resource.ts';
import type { IEgressGateway } from './egress-route.ts';
import { EnvValue } from './env-value.ts';
import type { IWorkerPool } from './worker-pool.ts';

/** What every agent takes. */
export interface AgentProps extends ResourceProps {
  /** The image, best by digest: `ghcr.io/acme/triage@sha256:…`. */
  readonly image: string;
  /** The workers it runs on. */
  readonly pool: IWorkerPool;
  /**
   * Ways out; more with connect.
   *
   * @default none: the agent reaches nothing
   */
  readonly egress?: readonly IEgressGateway[];
  /**
   * Replaces the image's entry point.
   *
   * @default that of the image
   */
  readonly command?: readonly string[];
  /**
   * Follow the command.
   *
   * @default none
   */
  readonly args?: readonly string[];
  /**
   * Environment variables; more with addEnv.
   *
   * @default those of the image and of the platform
   */
  readonly env?: Readonly<Record<string, string | EnvValue>>;
  /**
   * Cores of one execution, such as 0.5.
   *
   * @default 1
   */
  readonly cpu?: number;
  /**
   * Memory of one execution.
   *
   * @default 512 MiB
   */
  readonly memory?: Size;
  /**
   * What one execution may write to its own file system.
   *
   * @default no limit
   */
  readonly ephemeralStorage?: Size;
  /**
   * Labels and annotations of the agent's revisions.
   *
   * @default none
   */
  readonly revision?: RevisionMetadata;
}

/** Labels and annotations of an agent's revisions. */
export interface RevisionMetadata {
  /**
   * Labels.
   *
   * @default none
   */
  readonly labels?: Readonly<Record<string, string>>;
  /**
   * Annotations.
   *
   * @default none
   */
  readonly annotations?: Readonly<Record<string, string>>;
}

const imagePattern = /^[^\s/][^\s]*[^\s/]$/;
function isImage(text: string): boolean {
  return imagePattern.test(text) && !text.includes('//');
}

const envNamePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;
// The CRDs' own bound.
const maxGateways = 8;

type SharedSpec = Pick<TaskAgentSpec, 'template' | 'workerPoolRef' | 'egressRefs' | 'resources'>;

/** A program in an image, in a sandbox, behind its gateways. */
export abstract class Agent extends CustomResource {
  readonly #props: AgentProps;
  readonly #egress: IEgressGateway[] = [];
  readonly #env = new Map<string, EnvValue>();

  protected constructor(scope: Construct, id: string, kind: string, props: AgentProps) {
    super(scope, id, kind, props);
    this.#props = props;
    const { image, cpu = 1, pool } = props;
    if (!isImage(image)) refuse(this, `"${image}" is not an image reference`);
    if (!(cpu >= 0.001 && cpu <= 1_024))
      refuse(this, `cpu ${cpu} must be from a thousandth of a core to 1024`);
    this.requireSameNamespace(pool, 'WorkerPool', 'an agent runs on workers of its own namespace only');
    for (const gateway of props.egress ?? []) this.connect(gateway);
    for (const [name, value] of Object.entries(props.env ?? {})) this.addEnv(name, value);
  }

  /** The gateways it reaches the world through, in the order they are asked. */
  get egress(): readonly INamed[] {
    return [...this.#egress];
  }

  /**
   * Lets the agent out through a gateway, after those it has.
   *
   * @example
   * ```ts
   * agent.connect(gateway);
   * ```
   */
  connect(gateway: IEgressGateway): this {
    const hint = 'an agent leaves by gateways of its own namespace; routes may come from others';
    this.requireSameNamespace(gateway, 'EgressGateway', hint);
    if (this.#egress.some(({ name }) => name === gateway.name)) refuse(this, `names "${gateway.name}" twice`);
    if (this.#egress.length === maxGateways) refuse(this, `has ${maxGateways} gateways, which is the most`);
    this.#egress.push(gateway);
    return this;
  }

  /**
   * Sets an environment variable.
   *
   * @example
   * ```ts
   * agent.addEnv('LOG_LEVEL', 'debug');
   * ```
   */
  addEnv(name: string, value: string | EnvValue): this {
    if (!envNamePattern.test(name)) refuse(this, `"${name}" is not the name of an environment variable`);
    this.#env.set(name, typeof value === 'string' ? EnvValue.fromValue(value) : value);
    return this;
  }

  /** @internal */
  protected wholeNumber(name: string, value: number | undefined, max = 2 ** 31 - 1): void {
    if (value === undefined || (Number.isInteger(value) && value >= 0 && value <= max)) return;
    refuse(this, `${name} must be a whole number from 0 to ${max}, not ${value}`);
  }

  /** @internal The part of the spec both kinds have. */
  protected sharedSpec(): SharedSpec {
    const { image, command, args, pool, revision } = this.#props;
    const env = [...this.#env].map(([name, { source }]) => ({ name, ...source }));
    const egressRefs = this.#egress.map(({ name }) => ({ gatewayRef: name }));
    const { labels, annotations } = revision ?? {};
    const metadata = present({
      labels: labels && { ...labels },
      annotations: annotations && { ...annotations },
    });
    return present({
      template: present({
        metadata: Object.keys(metadata).length > 0 ? metadata : undefined,
        spec: present({
          image,
          command: command && [...command],
          args: args && [...args],
          env: env.length > 0 ? env : undefined,
        }),
      }),
      workerPoolRef: pool.name,
      egressRefs: egressRefs.length > 0 ? egressRefs : undefined,
      resources: this.#resources(),
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
}
