/**
 * What each role may do in the Kubernetes API, as data. Apart so that a reviewer reads all rights on one page. There is
 * never a wildcard here (security: least privilege); a role that gains a right gains it by a line of this file.
 */
import type { k8s } from 'cdk8s-plus-28';
import { ingressConfigSecret } from './system-names.ts';

const ourGroup = 'clrk.apoxy.dev';
const read = ['get', 'list', 'watch'];
const write = ['create', 'update', 'patch', 'delete'];
const all = [...read, ...write];

const ourKinds = [
  'agentsandboxrevisions',
  'aiproviderroutes',
  'backends',
  'clrkconfigs',
  'credentialinjectionpolicies',
  'daemonagents',
  'egressdenypolicies',
  'egressgateways',
  'egressl4routes',
  'fallbackroutingpolicies',
  'loggingpolicies',
  'mcproutes',
  'ratelimitpolicies',
  'taskagents',
  'workerpools',
];
/** Revisions are the operator's; people write the others. */
const authoredKinds = ourKinds.filter((kind) => kind !== 'agentsandboxrevisions');
/** Kinds that own objects of ours. */
const owners = ['workerpools', 'egressgateways', 'taskagents', 'daemonagents', 'agentsandboxrevisions'];

function rule(apiGroup: string, resources: readonly string[], verbs: readonly string[]): k8s.PolicyRule {
  return { apiGroups: [apiGroup], resources: [...resources], verbs: [...verbs] };
}

export const operatorClusterRules: readonly k8s.PolicyRule[] = [
  rule(ourGroup, ourKinds, read),
  rule(ourGroup, ['agentsandboxrevisions'], write),
  rule(
    ourGroup,
    ourKinds.map((kind) => `${kind}/status`),
    ['get', 'update', 'patch'],
  ),
  rule(
    ourGroup,
    owners.map((kind) => `${kind}/finalizers`),
    ['update'],
  ),
  rule('', ['secrets', 'services', 'serviceaccounts'], all),
  rule('', ['configmaps', 'namespaces', 'endpoints', 'pods'], read),
  rule('apps', ['deployments'], all),
  // RBAC's own escalation check applies: the operator hands out only `get,list,watch` on Secrets, which it holds.
  rule('rbac.authorization.k8s.io', ['roles', 'rolebindings'], all),
  rule('discovery.k8s.io', ['endpointslices'], read),
  rule('', ['events'], ['create', 'patch']),
  rule('events.k8s.io', ['events'], ['create', 'patch']),
];

export const operatorSystemRules: readonly k8s.PolicyRule[] = [rule('coordination.k8s.io', ['leases'], all)];

export const ingressSystemRules: readonly k8s.PolicyRule[] = [
  { ...rule('', ['secrets'], read), resourceNames: [ingressConfigSecret] },
];

/** Added to the cluster's own `view`, `edit` and `admin`. */
export const viewRules: readonly k8s.PolicyRule[] = [rule(ourGroup, ourKinds, read)];
export const editRules: readonly k8s.PolicyRule[] = [
  rule(ourGroup, authoredKinds, [...write, 'deletecollection']),
];
