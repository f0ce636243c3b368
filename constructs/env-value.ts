/**
 * Where an agent's environment variable comes from. There is no way to take one from a Secret: what is in a sandbox's
 * environment the agent can print. A Credential puts keys on requests instead.
 */
import type { TaskAgentSpec } from '../api/index.ts';

type EnvVar = NonNullable<TaskAgentSpec['template']['spec']['env']>[number];
type EnvSource = Omit<EnvVar, 'name'>;

export class EnvValue {
  /** The part of a Kubernetes EnvVar that is not its name. */
  readonly source: EnvSource;

  private constructor(source: EnvSource) {
    this.source = source;
  }

  static fromValue(value: string): EnvValue {
    return new EnvValue({ value });
  }

  static fromConfigMap(configMap: { readonly name: string }, key: string): EnvValue {
    return new EnvValue({ valueFrom: { configMapKeyRef: { name: configMap.name, key } } });
  }

  /** A field of the agent's revision, such as `metadata.name`. */
  static fromField(fieldPath: string): EnvValue {
    return new EnvValue({ valueFrom: { fieldRef: { fieldPath } } });
  }
}
