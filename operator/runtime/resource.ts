/**
 * A kind as the API server's paths name it. Apart so that the client, the caches and the tests build paths in one
 * place. It must never hold anything about an object's content.
 */
export interface Resource {
  /** Empty: the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Lists and watches bring metadata alone; an object is read whole when it is asked for. */
  readonly onDemand?: true;
}

export function apiVersionOf(resource: Resource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/** Stable name of a resource, for maps, metrics and logs. */
export function resourceName(resource: Resource): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
}

export interface ObjectPath {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

export function pathOf(resource: Resource, path: ObjectPath = {}): string {
  const parts = [resource.group === '' ? 'api' : `apis/${resource.group}`, resource.version];
  if (resource.namespaced && path.namespace !== undefined) {
    parts.push('namespaces', encodeURIComponent(path.namespace));
  }
  parts.push(resource.plural);
  if (path.name !== undefined) parts.push(encodeURIComponent(path.name));
  if (path.subresource !== undefined) parts.push(path.subresource);
  return `/${parts.join('/')}`;
}

function builtin(group: string, plural: string, kind: string, namespaced = true): Resource {
  return { group, version: 'v1', plural, kind, namespaced };
}

/** The built-in kinds the operator reads or writes. */
export const builtins = {
  namespaces: builtin('', 'namespaces', 'Namespace', false),
  secrets: { ...builtin('', 'secrets', 'Secret'), onDemand: true },
  services: builtin('', 'services', 'Service'),
  serviceAccounts: builtin('', 'serviceaccounts', 'ServiceAccount'),
  configMaps: builtin('', 'configmaps', 'ConfigMap'),
  deployments: builtin('apps', 'deployments', 'Deployment'),
  roles: builtin('rbac.authorization.k8s.io', 'roles', 'Role'),
  roleBindings: builtin('rbac.authorization.k8s.io', 'rolebindings', 'RoleBinding'),
  networkPolicies: builtin('networking.k8s.io', 'networkpolicies', 'NetworkPolicy'),
  podDisruptionBudgets: builtin('policy', 'poddisruptionbudgets', 'PodDisruptionBudget'),
  apiServices: builtin('apiregistration.k8s.io', 'apiservices', 'APIService', false),
  leases: builtin('coordination.k8s.io', 'leases', 'Lease'),
  events: builtin('events.k8s.io', 'events', 'Event'),
} as const;
