/**
 * Where an agent's environment variable comes from. There is no way to take one from a Secret: what is in a sandbox's
 * environment the agent can print. A Credential puts keys on requests instead.
 */
import type { TaskAgentSpec } from '../api/index.ts';

type EnvVar = NonNullable<TaskAgentSpec['template']['spec']['env']>[number];
type EnvSource = Omit<EnvVar, 'name'>;

/**
 * Where an agent's environment variable comes from. Never from a Secret: an agent can print what it holds.
 *
 * @example
 * ```ts
 * agent.addEnv('REGION', EnvValue.fromConfigMap({ name: 'settings' }, 'region'));
 * ```
 */
export class EnvValue {
  /** @internal The part of a Kubernetes EnvVar that is not its name. */
  readonly source: EnvSource;

  private constructor(source: EnvSource) {
    this.source = source;
  }

  /**
   * A text.
   *
   * @example
   * ```ts
   * EnvValue.fromValue('eu');
   * ```
   */
  static fromValue(value: string): EnvValue {
    return new EnvValue({ value });
  }

  /**
   * A key of a ConfigMap in the agent's namespace.
   *
   * @example
   * ```ts
   * EnvValue.fromConfigMap({ name: 'settings' }, 'region');
   * ```
   */
  static fromConfigMap(configMap: { readonly name: string }, key: string): EnvValue {
    return new EnvValue({ valueFrom: { configMapKeyRef: { name: configMap.name, key } } });
  }

  /**
   * A field of the agent's revision.
   *
   * @example
   * ```ts
   * EnvValue.fromField('metadata.name');
   * ```
   */
  static fromField(fieldPath: string): EnvValue {
    return new EnvValue({ valueFrom: { fieldRef: { fieldPath } } });
  }
}
