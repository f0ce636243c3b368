/** What kubectl asks before anything else: which groups, versions and resources there are. Pure; the same for everybody. */
import { group, served, version, type ServedResource } from './group.ts';
import { metricsGroup, metricsServed } from './metrics-group.ts';

interface Group {
  readonly name: string;
  readonly served: readonly ServedResource[];
}

const records: Group = { name: group, served };
const metrics: Group = { name: metricsGroup, served: metricsServed };

function apiGroup({ name }: Group): object {
  const of = { groupVersion: `${name}/${version}`, version };
  return { name, versions: [of], preferredVersion: of };
}

function groupDocumentOf(of: Group): object {
  return { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(of) };
}

function resourcesDocumentOf(of: Group): object {
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: `${of.name}/${version}`,
    resources: of.served.map(({ name, kind, singular, shortNames, verbs, namespaced = true }) => ({
      name,
      singularName: singular,
      namespaced,
      kind,
      verbs,
      ...(shortNames === undefined ? {} : { shortNames }),
    })),
  };
}

export const groupsDocument: object = {
  kind: 'APIGroupList',
  apiVersion: 'v1',
  groups: [records, metrics].map(apiGroup),
};

export const groupDocument = groupDocumentOf(records);
export const resourcesDocument = resourcesDocumentOf(records);
export const metricsGroupDocument = groupDocumentOf(metrics);
export const metricsResourcesDocument = resourcesDocumentOf(metrics);
