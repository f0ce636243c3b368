/**
 * An agent's environment with configMapKeyRef and fieldRef resolved to literals. secretKeyRef is refused: a Secret in
 * an environment is a credential inside a sandbox; admission says the same.
 */
import { kinds } from '../kind.ts';
import type { World } from '../runtime/index.ts';
import type { AnyAgent } from './membership.ts';

/** As in TaskAgent and AgentSandboxRevision specs. */
export interface EnvVar {
  readonly name: string;
  readonly value?: string | undefined;
  readonly valueFrom?: EnvSource | undefined;
}

interface EnvSource {
  readonly configMapKeyRef?:
    { readonly name: string; readonly key: string; readonly optional?: boolean | undefined } | undefined;
  readonly fieldRef?: { readonly fieldPath: string } | undefined;
  readonly secretKeyRef?: unknown;
}

export type ResolvedEnv =
  | {
      readonly resolved: true;
      readonly env: ReadonlyArray<{ readonly name: string; readonly value: string }>;
    }
  | { readonly resolved: false; readonly message: string };

type Value = { readonly value: string | undefined } | { readonly problem: string };

export function resolveEnv(world: World, agent: AnyAgent, variables: readonly EnvVar[]): ResolvedEnv {
  const env: Array<{ name: string; value: string }> = [];
  for (const variable of variables) {
    const result = resolveVariable(world, agent, variable);
    if ('problem' in result) return { resolved: false, message: `env ${variable.name}: ${result.problem}` };
    if (result.value !== undefined) env.push({ name: variable.name, value: result.value });
  }
  return { resolved: true, env };
}

function resolveVariable(world: World, agent: AnyAgent, variable: EnvVar): Value {
  const source = variable.valueFrom;
  if (source === undefined) return { value: variable.value ?? '' };
  if (source.configMapKeyRef !== undefined) return configMapValue(world, agent, source.configMapKeyRef);
  if (source.fieldRef !== undefined) return fieldValue(agent, source.fieldRef.fieldPath);
  return { problem: 'secretKeyRef is not allowed; use a CredentialInjectionPolicy' };
}

function configMapValue(
  world: World,
  agent: AnyAgent,
  ref: NonNullable<EnvSource['configMapKeyRef']>,
): Value {
  const map = world.get(kinds.configMap, agent.metadata.namespace, ref.name);
  const value = map?.data?.[ref.key];
  if (value !== undefined || ref.optional === true) return { value };
  return {
    problem:
      map === undefined
        ? `ConfigMap ${ref.name} does not exist`
        : `ConfigMap ${ref.name} has no key ${ref.key}`,
  };
}

function fieldValue(agent: AnyAgent, path: string): Value {
  const { name, namespace, uid, labels, annotations } = agent.metadata;
  const plain: Readonly<Record<string, string | undefined>> = {
    'metadata.name': name,
    'metadata.namespace': namespace,
    'metadata.uid': uid,
  };
  if (Object.hasOwn(plain, path)) return { value: plain[path] ?? '' };
  const entry = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(path);
  if (entry === null) return { problem: `field ${path} is not supported` };
  const source = entry[1] === 'labels' ? labels : annotations;
  return { value: source?.[entry[2] ?? ''] ?? '' };
}
