/** The CLRKConfig: settings of an installation. There is one, so its name is fixed and its namespace must be said. */
import type { Duration } from 'cdk8s';
import type { Construct } from 'constructs';
import type { CLRKConfigSpec } from '../api/index.ts';
import { CustomResource, present, refuse } from './custom-resource.ts';
import { durationText } from './duration-text.ts';

// One @ with text on both sides, in the 254 characters RFC 5321 leaves.
const emailPattern = /^(?=.{3,254}$)[^@\s]+@[^@\s]+$/;

/** Properties of a CLRKConfig. */
export interface CLRKConfigProps {
  /**
   * The namespace the platform is installed in.
   *
   * @default clrk-system
   */
  readonly systemNamespace?: string;
  /**
   * Whom to tell of security advisories.
   *
   * @default nobody
   */
  readonly email?: string;
  /**
   * Whether security advisories are looked for.
   *
   * @default true
   */
  readonly advisoryPoll?: boolean;
  /**
   * How long notifications are kept.
   *
   * @default decided by the platform
   */
  readonly eventRetention?: Duration;
}

/**
 * Settings of an installation.
 *
 * @example
 * ```ts
 * new CLRKConfig(chart, 'config', { email: 'ops@example.com', eventRetention: Duration.days(30) });
 * ```
 */
export class CLRKConfig extends CustomResource {
  readonly #props: CLRKConfigProps;

  constructor(scope: Construct, id: string, props: CLRKConfigProps = {}) {
    const { systemNamespace = 'clrk-system', email } = props;
    super(scope, id, 'CLRKConfig', { metadata: { name: 'default', namespace: systemNamespace } });
    this.#props = props;
    if (email !== undefined && !emailPattern.test(email)) refuse(this, `"${email}" is not an e-mail address`);
  }

  /** @internal */
  protected override toSpec(): CLRKConfigSpec {
    const { email, advisoryPoll = true, eventRetention } = this.#props;
    return {
      notifications: present({
        email,
        advisoryPollEnabled: advisoryPoll,
        eventRetention: eventRetention && durationText(eventRetention),
      }),
    };
  }
}
