/** A TaskAgent: a program that runs once a call, in a sandbox of its own. */
import { Duration, Size } from 'cdk8s';
import type { Construct } from 'constructs';
import type { TaskAgentSpec } from '../api/index.ts';
import { Agent, type AgentProps } from './agent.ts';
import { present, refuse } from './custom-resource.ts';
import { durationText } from './duration-text.ts';
import type { EventTrigger } from './event-trigger.ts';
import type { Identity } from './identity.ts';
import type { Schedule } from './schedule.ts';
import { warmModeProblem } from './warm-mode.ts';

/** A directory that outlives executions. */
export interface AgentState {
  /**
   * Largest size of the directory.
   *
   * @default 100 MiB
   */
  readonly sizeLimit?: Size;
  /**
   * Where the agent finds it.
   *
   * @default /var/clrk/state
   */
  readonly mountPath?: string;
}

/** How long one process of warmPoolMode Resident serves. */
export interface AgentReuse {
  /**
   * After how many executions it is replaced.
   *
   * @default 100
   */
  readonly maxRuns?: number;
  /**
   * How old it may be when an execution begins.
   *
   * @default 1 hour
   */
  readonly maxAge?: Duration;
}

/** Properties of a TaskAgent. */
export interface TaskAgentProps extends AgentProps {
  /**
   * Of one execution, at most 5 minutes.
   *
   * @default 100 seconds
   */
  readonly timeout?: Duration;
  /**
   * Executions at once, in the whole cluster.
   *
   * @default no limit
   */
  readonly maxConcurrent?: number;
  /**
   * Sandboxes each worker keeps ready, at most 16.
   *
   * @default 0
   */
  readonly warmPoolSize?: number;
  /**
   * How far a ready sandbox is when its call comes. Created: the program is not started. Started: it runs and waits for its
   * input, and reaches nothing before. Resident: one program serves one execution after another through the metadata
   * service; they share its memory and /tmp. Snapshot: an image of a program that waits is restored for each execution; all of them
   * repeat its random state (Math.random, OpenSSL, Python's random) unless the image ships /.clrk/on-restore to reseed.
   *
   * @default Created
   */
  readonly warmPoolMode?: 'Created' | 'Started' | 'Resident' | 'Snapshot';
  /**
   * Bounds of one program of warmPoolMode Resident.
   *
   * @default 100 executions, 1 hour
   */
  readonly reuse?: AgentReuse;
  /**
   * When an unused ready sandbox is replaced.
   *
   * @default 10 minutes
   */
  readonly warmPoolIdleTtl?: Duration;
  /**
   * Calls by the clock, besides those over HTTP.
   *
   * @default none
   */
  readonly schedule?: Schedule;
  /**
   * The JSON body of calls by the clock.
   *
   * @default an empty object
   */
  readonly scheduleInput?: unknown;
  /**
   * Events that set it off, besides calls over HTTP and the clock; at most 8.
   *
   * @default none
   */
  readonly triggers?: readonly EventTrigger[];
  /**
   * How the caller is recognised.
   *
   * @default not at all
   */
  readonly identity?: readonly Identity[];
  /**
   * A directory that outlives executions.
   *
   * @default none
   */
  readonly state?: AgentState;
  /**
   * How the call reaches the program: on standard input, or through the metadata service.
   *
   * @default Stdin
   */
  readonly delivery?: 'Stdin' | 'Metadata';
}

// The CRD's own bounds.
const maxWarmPoolSize = 16;
const maxRuns = 100_000;
const maxTriggers = 8;
// Longer executions are cut by the worker.
const hardTimeout = Duration.minutes(5);

/**
 * A program that runs once a call, in a sandbox of its own, and reaches only what its gateways open.
 *
 * @example
 * ```ts
 * new TaskAgent(chart, 'triage', {
 *   image: 'ghcr.io/acme/triage:1.0.0',
 *   pool,
 *   egress: [gateway],
 *   timeout: Duration.minutes(2),
 *   memory: Size.gibibytes(1),
 *   maxConcurrent: 20,
 * });
 * ```
 */
export class TaskAgent extends Agent {
  readonly #props: TaskAgentProps;

  constructor(scope: Construct, id: string, props: TaskAgentProps) {
    super(scope, id, 'TaskAgent', props);
    this.#props = props;
    this.#judgeTimeout();
    const { schedule, scheduleInput, triggers = [] } = props;
    if (scheduleInput !== undefined && schedule === undefined) {
      refuse(this, 'scheduleInput is the body of scheduled calls; give it a schedule');
    }
    if (triggers.length > maxTriggers)
      refuse(this, `${triggers.length} triggers are more than ${maxTriggers}`);
    this.wholeNumber('maxConcurrent', props.maxConcurrent);
    this.wholeNumber('warmPoolSize', props.warmPoolSize, maxWarmPoolSize);
    this.wholeNumber('reuse.maxRuns', props.reuse?.maxRuns, maxRuns);
    const problem = warmModeProblem(props);
    if (problem !== undefined) refuse(this, problem);
  }

  #judgeTimeout(): void {
    const { timeout } = this.#props;
    if (timeout !== undefined && timeout.toMilliseconds() > hardTimeout.toMilliseconds()) {
      refuse(this, `timeout ${timeout.toHumanString()} is longer than ${hardTimeout.toHumanString()}`);
    }
    if (timeout?.toMilliseconds() === 0) refuse(this, 'timeout must be longer than 0');
  }

  /** @internal */
  protected override toSpec(): TaskAgentSpec {
    const { timeout = Duration.seconds(100), maxConcurrent, warmPoolSize, warmPoolIdleTtl } = this.#props;
    const { schedule, scheduleInput, delivery, warmPoolMode } = this.#props;
    return present({
      ...this.sharedSpec(),
      timeout: durationText(timeout),
      maxConcurrent,
      warmPoolSize,
      warmPoolIdleTTL: warmPoolIdleTtl && durationText(warmPoolIdleTtl),
      warmPoolMode,
      reuse: this.#reuse(),
      schedule: schedule?.expression,
      scheduleInput,
      ...this.#lists(),
      state: this.#state(),
      delivery: delivery === undefined ? undefined : { mode: delivery },
    });
  }

  /** Lists that are left out when they are empty. */
  #lists(): Pick<TaskAgentSpec, 'triggers' | 'identity'> {
    const { triggers = [], identity = [] } = this.#props;
    return {
      ...(triggers.length === 0 ? {} : { triggers: triggers.map(({ spec }) => spec) }),
      ...(identity.length === 0 ? {} : { identity: { extractors: identity.map(({ spec }) => spec) } }),
    };
  }

  #reuse(): TaskAgentSpec['reuse'] | undefined {
    const { reuse } = this.#props;
    return reuse && present({ maxRuns: reuse.maxRuns, maxAge: reuse.maxAge && durationText(reuse.maxAge) });
  }

  #state(): TaskAgentSpec['state'] | undefined {
    const { state } = this.#props;
    if (state === undefined) return undefined;
    const { sizeLimit = Size.mebibytes(100), mountPath } = state;
    return present({ backend: 'sqlite', sizeLimitMB: sizeLimit.toMebibytes(), mountPath });
  }
}
