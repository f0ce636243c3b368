/**
 * What the aggregated API serves, as data: group, version, kinds and subresources. Discovery, paths and rights are read off
 * these lines, so that none of them can tell of something the others do not know.
 */
import { apiGroup, apiVersionName } from '../../api/index.ts';
import { recordsGroup, recordsGroupVersion, recordsVersion, type AgentKind } from '../../contract/index.ts';

export const group = recordsGroup;
export const version = recordsVersion;
export const groupVersion = recordsGroupVersion;
/** The version of the invocations of an agent's own group: owners are named by it. */
export const agentGroupVersion = `${apiGroup}/${apiVersionName}`;

/** What may be done to a resource; RBAC's words. */
export type Verb = 'get' | 'list' | 'watch' | 'create';

export interface ServedResource {
  /** Absent: it is. */
  readonly namespaced?: boolean;
  /** `invocations`, `taskagents/logs`. */
  readonly name: string;
  readonly kind: string;
  readonly singular: string;
  readonly shortNames?: readonly string[];
  readonly verbs: readonly Verb[];
}

export const agentPlurals: Readonly<Record<string, AgentKind>> = {
  taskagents: 'TaskAgent',
  daemonagents: 'DaemonAgent',
};

/** Of both kinds of agents; GET alone. */
export const recordSubresources = ['logs', 'traces', 'invocations'] as const;
export type RecordSubresource = (typeof recordSubresources)[number];

/** Of TaskAgents: a call. */
export const invokeSubresource = 'invoke';

export const served: readonly ServedResource[] = [
  {
    name: 'invocations',
    kind: 'Invocation',
    singular: 'invocation',
    shortNames: ['inv'],
    verbs: ['get', 'list', 'watch'],
  },
  ...Object.entries(agentPlurals).flatMap(([plural, kind]) =>
    recordSubresources.map((name) => ({
      name: `${plural}/${name}`,
      kind,
      singular: '',
      verbs: ['get'] as const,
    })),
  ),
  { name: `taskagents/${invokeSubresource}`, kind: 'TaskAgent', singular: '', verbs: ['create'] },
];
