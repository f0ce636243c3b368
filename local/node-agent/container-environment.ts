/**
 * A container's environment and arguments, resolved as kubelet does: Service variables first, then the spec's in
 * order, `$(NAME)` expanded from what came before. Pure over a lookup of Secrets and ConfigMaps. Because local pods share
 * the host's file system, values that lie under a volume's mount path are rewritten to the volume's directory.
 */
import { ClrkError } from '../../contract/index.ts';
import type { Container, EnvVar, KeySelector, Pod, Service } from '../kube/object.ts';

export interface EnvironmentSources {
  readonly pod: Pod;
  readonly podAddress: string;
  readonly nodeName: string;
  readonly nodeAddress: string;
  /** The data of an object of the pod's namespace; undefined when it does not exist. */
  readonly configMap: (name: string) => ReadonlyMap<string, string> | undefined;
  readonly secret: (name: string) => ReadonlyMap<string, string> | undefined;
  /** Services of the pod's namespace. */
  readonly services: readonly Service[];
  /** Mount path to real directory. */
  readonly mounts: ReadonlyMap<string, string>;
}

/** `$(NAME)` by its value; `$$` is a dollar; an unknown name stays as it is written. */
export function expand(text: string, known: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([A-Za-z_.-][\w.-]*)\)/g, (whole, name: string | undefined) =>
    name === undefined ? '$' : (known[name] ?? whole),
  );
}

/** The value with its path, whole or after a flag's `=`, moved into the volume it lies in. */
export function relocate(value: string, mounts: ReadonlyMap<string, string>): string {
  const flag = /^(--?[\w-]+=)(\/[^]*)$/.exec(value);
  const [prefix, path] = flag === null ? ['', value] : [flag[1] ?? '', flag[2] ?? ''];
  const longestFirst = [...mounts].sort(([a], [b]) => b.length - a.length);
  for (const [mountPath, directory] of longestFirst) {
    const root = mountPath.replace(/\/+$/, '');
    if (path === root || path.startsWith(`${root}/`))
      return `${prefix}${directory}${path.slice(root.length)}`;
  }
  return value;
}

/** A downward-API field; the subset that pods of this platform use. */
export function fieldOf(
  fieldPath: string,
  sources: Omit<EnvironmentSources, 'configMap' | 'secret'>,
): string {
  const { metadata, spec } = sources.pod;
  const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(fieldPath);
  if (keyed !== null) {
    const map = keyed[1] === 'labels' ? metadata.labels : metadata.annotations;
    return map?.[keyed[2] ?? ''] ?? '';
  }
  const fields: Readonly<Record<string, string>> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace ?? '',
    'metadata.uid': metadata.uid ?? '',
    'spec.nodeName': sources.nodeName,
    'spec.serviceAccountName': spec.serviceAccountName ?? 'default',
    'status.hostIP': sources.nodeAddress,
    'status.podIP': sources.podAddress,
    'status.podIPs': sources.podAddress,
  };
  const value = fields[fieldPath];
  if (value === undefined) throw configError(`fieldRef ${fieldPath} is not supported by the local node`);
  return value;
}

function hasAddress({ spec }: Service): boolean {
  return spec.clusterIP !== undefined && spec.clusterIP !== '' && spec.clusterIP !== 'None';
}

const variableName = (name: string): string => name.toUpperCase().replaceAll('-', '_');

/** `FOO_SERVICE_HOST` and `FOO_SERVICE_PORT…` of every Service with an address. */
export function serviceVariables(services: readonly Service[]): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const { metadata, spec } of services.filter(hasAddress)) {
    const ports = spec.ports ?? [];
    const name = variableName(metadata.name);
    const [first] = ports;
    if (first === undefined) continue;
    variables[`${name}_SERVICE_HOST`] = spec.clusterIP ?? '';
    variables[`${name}_SERVICE_PORT`] = String(first.port);
    for (const port of ports) {
      if (port.name !== undefined)
        variables[`${name}_SERVICE_PORT_${variableName(port.name)}`] = String(port.port);
    }
  }
  return variables;
}

export function resolveEnvironment(
  container: Container,
  sources: EnvironmentSources,
): Record<string, string> {
  const links = sources.pod.spec.enableServiceLinks === false ? [] : sources.services;
  const result = serviceVariables(links);
  for (const variable of container.env ?? []) {
    const value = valueOf(variable, result, sources);
    if (value !== undefined) result[variable.name] = relocate(value, sources.mounts);
  }
  return result;
}

export function resolveArguments(
  container: Container,
  known: Readonly<Record<string, string>>,
  mounts: ReadonlyMap<string, string>,
): string[] {
  return (container.args ?? []).map((argument) => relocate(expand(argument, known), mounts));
}

function valueOf(
  variable: EnvVar,
  known: Record<string, string>,
  sources: EnvironmentSources,
): string | undefined {
  const { valueFrom } = variable;
  if (valueFrom === undefined) return expand(variable.value ?? '', known);
  if (valueFrom.fieldRef !== undefined) return fieldOf(valueFrom.fieldRef.fieldPath, sources);
  if (valueFrom.configMapKeyRef !== undefined)
    return selected('ConfigMap', valueFrom.configMapKeyRef, sources.configMap);
  if (valueFrom.secretKeyRef !== undefined) return selected('Secret', valueFrom.secretKeyRef, sources.secret);
  throw configError(`the source of environment variable ${variable.name} is not supported by the local node`);
}

function selected(
  kind: string,
  { name = '', key, optional }: KeySelector,
  lookup: (name: string) => ReadonlyMap<string, string> | undefined,
): string | undefined {
  const data = lookup(name);
  const value = data?.get(key);
  if (value !== undefined || optional === true) return value;
  throw configError(data === undefined ? `${kind} ${name} not found` : `${kind} ${name} has no key ${key}`);
}

function configError(message: string): ClrkError {
  return new ClrkError('CONTAINER_CONFIG', message, { retryable: true });
}
