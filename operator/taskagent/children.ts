/** The name callers of a TaskAgent dial, pure. Its revision is in ../revision.ts. */
import { childName, label, labelValue, ingressHost } from '../compile/index.ts';
import type { TaskAgent } from '../kind.ts';
import { controllerRef, managedLabels } from '../owner.ts';
import type { KubeObject } from '../runtime/index.ts';

/** `http://clrk-<agent>.<namespace>/` reaches the shared ingress, which dispatches by this host name. */
export function agentService(agent: TaskAgent, systemNamespace: string): KubeObject {
  const { metadata } = agent;
  return {
    metadata: {
      namespace: metadata.namespace,
      name: childName.agentService(metadata.name),
      labels: { ...managedLabels('agent'), [label.agent]: labelValue(metadata.name) },
      ownerReferences: [controllerRef({ kind: 'TaskAgent', metadata })],
    },
    spec: { type: 'ExternalName', externalName: ingressHost(systemNamespace) },
  } as KubeObject;
}
