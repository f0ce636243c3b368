/** A DaemonAgent: a program that runs all the time, one instance in the cluster. */
import type { Duration } from 'cdk8s';
import type { Construct } from 'constructs';
import type { DaemonAgentSpec } from '../api/index.ts';
import { Agent, type AgentProps } from './agent.ts';
import { present, refuse } from './custom-resource.ts';

/** Properties of a DaemonAgent. */
export interface DaemonAgentProps extends AgentProps {
  /**
   * When it is started again: always, after a non-zero exit, or never.
   *
   * @default Always
   */
  readonly restartPolicy?: 'Always' | 'OnFailure' | 'Never';
  /**
   * How many times it is started again.
   *
   * @default no limit
   */
  readonly maxRestarts?: number;
  /**
   * When a run is stopped, after which the restart policy applies.
   *
   * @default never
   */
  readonly maxLifetime?: Duration;
  /**
   * Stops it, and keeps it from being started.
   *
   * @default false
   */
  readonly suspend?: boolean;
}

/**
 * A program that runs all the time, one instance in the cluster, and reaches only what its gateways open.
 *
 * @example
 * ```ts
 * new DaemonAgent(chart, 'watcher', {
 *   image: 'ghcr.io/acme/watcher:1.0.0',
 *   pool,
 *   egress: [gateway],
 *   restartPolicy: 'OnFailure',
 *   maxLifetime: Duration.hours(12),
 * });
 * ```
 */
export class DaemonAgent extends Agent {
  readonly #props: DaemonAgentProps;

  constructor(scope: Construct, id: string, props: DaemonAgentProps) {
    super(scope, id, 'DaemonAgent', props);
    this.#props = props;
    const { maxLifetime, restartPolicy, maxRestarts } = props;
    this.wholeNumber('maxRestarts', maxRestarts);
    if (maxRestarts !== undefined && restartPolicy === 'Never') {
      refuse(this, 'maxRestarts has no meaning when restartPolicy is Never');
    }
    const ms = maxLifetime?.toMilliseconds() ?? 1_000;
    if (ms <= 0 || ms % 1_000 !== 0) refuse(this, 'maxLifetime must be whole seconds');
  }

  /** @internal */
  protected override toSpec(): DaemonAgentSpec {
    const { restartPolicy = 'Always', maxRestarts, maxLifetime, suspend } = this.#props;
    return present({
      ...this.sharedSpec(),
      restartPolicy,
      maxRestarts,
      maxLifetimeSeconds: maxLifetime?.toSeconds(),
      suspend,
    });
  }
}
