/** What kubectl asks before anything else: which groups, versions and resources there are. Pure; the same for everybody. */
import { group, groupVersion, served, version } from './group.ts';

const versions = [{ groupVersion, version }];

const apiGroup = { name: group, versions, preferredVersion: versions[0] };

export const groupsDocument: object = { kind: 'APIGroupList', apiVersion: 'v1', groups: [apiGroup] };

export const groupDocument: object = { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup };

export const resourcesDocument: object = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion,
  resources: served.map(({ name, kind, singular, shortNames, verbs }) => ({
    name,
    singularName: singular,
    namespaced: true,
    kind,
    verbs,
    ...(shortNames === undefined ? {} : { shortNames }),
  })),
};
