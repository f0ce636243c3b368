/** A LoggingPolicy: what of calls is recorded. Rules of routes name it; it names nothing. */
import type { Construct } from 'constructs';
import type { LoggingPolicySpec } from '../api/index.ts';
import { problemOfHeaderName } from './credential.ts';
import { CustomResource, present, refuse, type INamed, type ResourceProps } from './custom-resource.ts';
import type { RecordSink } from './egress-telemetry.ts';

/** A LoggingPolicy made here or elsewhere. */
export interface ILoggingPolicy extends INamed {
  readonly loggingPolicy: true;
}

/** Properties of a LoggingPolicy. */
export interface LoggingPolicyProps extends ResourceProps {
  /**
   * Whether bodies of requests are recorded.
   *
   * @default as the gateway says
   */
  readonly captureRequest?: boolean;
  /**
   * Whether bodies of answers are recorded.
   *
   * @default as the gateway says
   */
  readonly captureResponse?: boolean;
  /**
   * Headers whose values are not recorded, besides those that never are.
   *
   * @default none
   */
  readonly redactHeaders?: readonly string[];
  /**
   * Who gets a copy of the records, besides the store of the platform: a sink of the gateway (`addSink`), or its name.
   *
   * @default nobody
   */
  readonly sink?: RecordSink | string;
}

/**
 * What of the calls of the rules that name it is recorded.
 *
 * @example
 * ```ts
 * const quiet = new LoggingPolicy(chart, 'quiet', { captureRequest: false, redactHeaders: ['X-Customer'] });
 * gateway.allowProvider('openai', { logging: quiet });
 * ```
 */
export class LoggingPolicy extends CustomResource implements ILoggingPolicy {
  readonly loggingPolicy = true;
  readonly #props: LoggingPolicyProps;
  readonly #redactHeaders: string[] = [];

  /**
   * A policy that somebody else makes.
   *
   * @example
   * ```ts
   * gateway.allowProvider('openai', { logging: LoggingPolicy.fromName('quiet') });
   * ```
   */
  static fromName(name: string, namespace?: string): ILoggingPolicy {
    return { name, namespace, loggingPolicy: true };
  }

  constructor(scope: Construct, id: string, props: LoggingPolicyProps = {}) {
    super(scope, id, 'LoggingPolicy', props);
    this.#props = props;
    for (const name of props.redactHeaders ?? []) this.addRedactedHeader(name);
  }

  /**
   * One more header whose value is not recorded.
   *
   * @example
   * ```ts
   * new LoggingPolicy(chart, 'quiet').addRedactedHeader('X-Customer');
   * ```
   */
  addRedactedHeader(name: string): void {
    const problem = problemOfHeaderName(name);
    if (problem !== undefined) refuse(this, problem);
    this.#redactHeaders.push(name);
  }

  /** @internal */
  protected override toSpec(): LoggingPolicySpec {
    const { captureRequest, captureResponse, sink } = this.#props;
    const sinkRef = typeof sink === 'string' ? sink : sink?.sinkName;
    const redactHeaders = this.#redactHeaders.length > 0 ? [...this.#redactHeaders] : undefined;
    return present({ captureRequest, captureResponse, redactHeaders, sinkRef });
  }
}
