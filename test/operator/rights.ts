/**
 * Rights granted (RBAC objects of dist/platform) and rights used (the API server's audit log), in one notation:
 * `verb group/resource[/subresource]`, the core group empty.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { builtins, type ApiClient, type KubeObject, type Resource } from '../../operator/runtime/index.ts';
import { repositoryRoot } from '../../scripts/source-files.ts';

interface RoleLike extends KubeObject {
  readonly rules?: ReadonlyArray<{
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }>;
}

interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
  };
  readonly responseStatus?: { readonly code?: number };
}

const clusterWide = (plural: string, kind: string): Resource => ({
  ...builtins.roles,
  plural,
  kind,
  namespaced: false,
});

const kinds: readonly Resource[] = [
  builtins.namespaces,
  builtins.serviceAccounts,
  clusterWide('clusterroles', 'ClusterRole'),
  clusterWide('clusterrolebindings', 'ClusterRoleBinding'),
  builtins.roles,
  builtins.roleBindings,
];

function platform(): RoleLike[] {
  const folder = join(repositoryRoot, 'dist/platform');
  const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  return files.map((name) => parse(readFileSync(join(folder, name), 'utf8')) as RoleLike);
}

/** Namespace, accounts, roles and bindings of dist/platform. */
export async function installRights(api: ApiClient): Promise<void> {
  const objects = platform();
  for (const kind of kinds) {
    for (const object of objects.filter((each) => each.kind === kind.kind)) {
      await api.apply(kind, object, { fieldManager: 'test' });
    }
  }
}

/** What makes telemetry a part of the cluster's API; nothing answers behind it here. */
export async function installApiService(api: ApiClient): Promise<void> {
  for (const object of platform().filter(({ kind }) => kind === 'APIService')) {
    await api.apply(builtins.apiServices, object, { fieldManager: 'test' });
  }
}

/** Roles have the name of the account they are for. */
export function grantedRights(account: string): ReadonlySet<string> {
  const roles = platform().filter(
    ({ kind, metadata }) => (kind ?? '').endsWith('Role') && metadata?.name === account,
  );
  return new Set(
    roles
      .flatMap(({ rules = [] }) => rules)
      .flatMap(({ apiGroups, resources, verbs }) =>
        apiGroups.flatMap((group) =>
          resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`)),
        ),
      ),
  );
}

export function usedRights(
  auditLog: string,
  user: string,
): { readonly allowed: ReadonlySet<string>; readonly denied: readonly string[] } {
  const allowed = new Set<string>();
  const denied = new Set<string>();
  for (const line of readFileSync(auditLog, 'utf8').split('\n')) {
    if (line === '') continue;
    const event = JSON.parse(line) as AuditEvent;
    if (event.user.username !== user || event.objectRef?.resource === undefined) continue;
    const { apiGroup = '', resource, subresource } = event.objectRef;
    const object = `${apiGroup}/${resource}${subresource === undefined ? '' : `/${subresource}`}`;
    const code = event.responseStatus?.code ?? 0;
    (code === 403 ? denied : allowed).add(`${event.verb} ${object}`);
    // A patch that made the object was judged as create, too.
    if (event.verb === 'patch' && code === 201) allowed.add(`create ${object}`);
  }
  // An API server that has just started denies until its own caches know the roles.
  return { allowed, denied: [...denied].filter((right) => !allowed.has(right)) };
}
