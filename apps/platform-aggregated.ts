/**
 * Records as a part of the cluster's own API: telemetry behind the aggregation layer. Who may read is the cluster's to say
 * (TokenReview, SubjectAccessReview), so telemetry may ask that, and nothing else. What it proves itself by comes from the
 * operator's CA, which is not in git: the operator writes `caBundle`.
 */
import { ApiObject } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { invokerRules, metricsGroup, recordsGroup, recordViewerRules } from './platform-rules.ts';
import type { PlatformSettings } from './platform-settings.ts';
import { aggregatedApiService, labels, metricsApiService } from './system-names.ts';

const rbac = 'rbac.authorization.k8s.io';
const account = 'clrk-telemetry';
const cluster = { [labels.partOf]: 'clrk' };

/** The cluster's own roles for aggregated API servers. */
function addDelegation(scope: Construct, { namespace }: PlatformSettings): void {
  const subjects = [{ kind: 'ServiceAccount', name: account, namespace }];
  new k8s.KubeClusterRoleBinding(scope, 'telemetry-delegator', {
    metadata: { name: 'clrk-telemetry-auth-delegator', labels: cluster },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'system:auth-delegator' },
    subjects,
  });
  new k8s.KubeRoleBinding(scope, 'telemetry-authentication-reader', {
    metadata: { name: 'clrk-telemetry-authentication-reader', namespace: 'kube-system', labels: cluster },
    roleRef: { apiGroup: rbac, kind: 'Role', name: 'extension-apiserver-authentication-reader' },
    subjects,
  });
}

function addRoles(scope: Construct): void {
  const add = (name: string, aggregatedTo: readonly string[], rules: readonly k8s.PolicyRule[]): void => {
    const to = Object.fromEntries(aggregatedTo.map((role) => [`${rbac}/aggregate-to-${role}`, 'true']));
    new k8s.KubeClusterRole(scope, name, {
      metadata: { name, labels: { ...cluster, ...to } },
      rules: [...rules],
    });
  };
  add('clrk-viewer', ['view', 'edit', 'admin'], recordViewerRules);
  add('clrk-invoker', ['edit', 'admin'], invokerRules);
}

export function addAggregatedApi(scope: Construct, settings: PlatformSettings): void {
  addDelegation(scope, settings);
  addRoles(scope);
  addApiService(scope, settings, { id: 'api-service', name: aggregatedApiService, group: recordsGroup });
  addApiService(scope, settings, { id: 'metrics-api-service', name: metricsApiService, group: metricsGroup });
}

function addApiService(
  scope: Construct,
  { namespace }: PlatformSettings,
  { id, name, group }: Readonly<Record<'id' | 'name' | 'group', string>>,
): void {
  new ApiObject(scope, id, {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name, labels: cluster },
    spec: {
      group,
      version: 'v1alpha1',
      // Behind every group of the cluster's own: names of kinds are looked up in order.
      groupPriorityMinimum: 1000,
      versionPriority: 10,
      service: { namespace, name: account, port: 443 },
    },
  });
}
