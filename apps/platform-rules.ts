/**
 * What each role may do in the Kubernetes API, as data. Apart so that a reviewer reads all rights on one page. There is
 * never a wildcard here (security: least privilege); a role that gains a right gains it by a line of this file, and
 * test/operator/converge.test.ts compares it with what the API server's audit log says was used, both ways.
 */
import type { k8s } from 'cdk8s-plus-28';
import {
  aggregatedApiService,
  ingressConfigSecret,
  ingressShardSecrets,
  metricsApiService,
} from './system-names.ts';

const ourGroup = 'clrk.apoxy.dev';
const watch = ['list', 'watch'];
/** Server-side apply needs `create` where the object is not there yet. */
const apply = ['create', 'patch'];

const ourKinds = [
  'agentsandboxrevisions',
  'aiproviderroutes',
  'approvals',
  'backends',
  'clrkconfigs',
  'credentialinjectionpolicies',
  'daemonagents',
  'egressdenypolicies',
  'egressgateways',
  'egresshttproutes',
  'egressl4routes',
  'fallbackroutingpolicies',
  'loggingpolicies',
  'mcproutes',
  'ratelimitpolicies',
  'taskagents',
  'workerpools',
];
/** Revisions and Approvals are the operator's; people write the others. */
const authoredKinds = ourKinds.filter((kind) => kind !== 'agentsandboxrevisions' && kind !== 'approvals');
/** Kinds that own objects of ours. */
const owners = ['workerpools', 'egressgateways', 'taskagents', 'daemonagents'];

function rule(apiGroup: string, resources: readonly string[], verbs: readonly string[]): k8s.PolicyRule {
  return { apiGroups: [apiGroup], resources: [...resources], verbs: [...verbs] };
}

export const operatorClusterRules: readonly k8s.PolicyRule[] = [
  rule(ourGroup, ourKinds, watch),
  rule(ourGroup, ['agentsandboxrevisions', 'approvals'], [...apply, 'delete']),
  rule(
    ourGroup,
    ourKinds.map((kind) => `${kind}/status`),
    ['patch'],
  ),
  // Where the cluster enforces it, blockOwnerDeletion asks for this on the owner.
  rule(
    ourGroup,
    owners.map((kind) => `${kind}/finalizers`),
    ['update'],
  ),
  // It lists and watches their metadata alone (RBAC has no word for that) and gets, by name, what an object refers to and what
  // is its own. `get` also because RBAC lets nobody hand out what he does not hold.
  rule('', ['secrets'], ['get', ...watch, ...apply, 'update']),
  rule('', ['services', 'serviceaccounts'], [...watch, ...apply]),
  // The workers' account, when no pool of its namespace is left.
  { ...rule('', ['serviceaccounts'], ['delete']), resourceNames: ['clrk-worker'] },
  rule('', ['configmaps', 'namespaces'], watch),
  rule('apps', ['deployments'], [...watch, ...apply]),
  rule('rbac.authorization.k8s.io', ['roles', 'rolebindings'], [...watch, ...apply]),
  rule('networking.k8s.io', ['networkpolicies'], [...watch, ...apply]),
  rule('policy', ['poddisruptionbudgets'], [...watch, ...apply]),
  rule('events.k8s.io', ['events'], apply),
  // What the aggregated API proves itself by is written into our own two APIServices alone.
  rule('apiregistration.k8s.io', ['apiservices'], watch),
  {
    ...rule('apiregistration.k8s.io', ['apiservices'], ['patch']),
    resourceNames: [aggregatedApiService, metricsApiService],
  },
];

export const operatorSystemRules: readonly k8s.PolicyRule[] = [
  rule('coordination.k8s.io', ['leases'], ['get', 'create', 'update']),
];

export const ingressSystemRules: readonly k8s.PolicyRule[] = [
  {
    ...rule('', ['secrets'], ['get', 'watch']),
    resourceNames: [ingressConfigSecret, ...ingressShardSecrets],
  },
];

/** What runs in a worker runs privileged: not part of `edit` (policy/, rule privileged-worker). */
export const workerAdminRules: readonly k8s.PolicyRule[] = [
  rule(ourGroup, ['workerpools'], ['run-privileged']),
];

/**
 * Who decides about calls of agents: part of no other role, because whoever may write an agent need not be who may let it send
 * mail. `delete` takes back an answer that lasts.
 */
export const approverRules: readonly k8s.PolicyRule[] = [
  rule(ourGroup, ['approvals'], ['get', ...watch, 'update', 'patch', 'delete']),
];

export const recordsGroup = 'telemetry.clrk.apoxy.dev';
export const metricsGroup = 'metrics.clrk.apoxy.dev';
/** Of which there are series. */
const measuredKinds = ['taskagentmetrics', 'daemonagentmetrics', 'egressgatewaymetrics'];
const agentKinds = ['taskagents', 'daemonagents'];

/** Who reads what agents did, in the namespaces he has the role in. As far as `view`, which reads logs of pods too. */
export const recordViewerRules: readonly k8s.PolicyRule[] = [
  rule(recordsGroup, ['invocations'], ['get', ...watch]),
  rule(
    recordsGroup,
    agentKinds.flatMap((kind) => ['invocations', 'logs', 'traces'].map((part) => `${kind}/${part}`)),
    ['get'],
  ),
  // The catalogue and the series of everybody are the cluster's: a role in a namespace does not reach them.
  rule(metricsGroup, ['metrics', ...measuredKinds, 'workerpoolmetrics'], ['get', 'list']),
  rule(
    metricsGroup,
    ['metrics', ...measuredKinds].map((kind) => `${kind}/series`),
    ['get'],
  ),
];

/** Who calls agents through the cluster's API. */
export const invokerRules: readonly k8s.PolicyRule[] = [
  rule(recordsGroup, ['taskagents/invoke'], ['create']),
];

/** Added to the cluster's own `view`, `edit` and `admin`. */
export const viewRules: readonly k8s.PolicyRule[] = [rule(ourGroup, ourKinds, ['get', ...watch])];
export const editRules: readonly k8s.PolicyRule[] = [
  rule(ourGroup, authoredKinds, [...apply, 'update', 'delete', 'deletecollection']),
];
