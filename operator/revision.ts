/** The AgentSandboxRevision of an agent's present generation, pure, and which of the older ones may go. */
import { childName, label, type AnyAgent } from './compile/index.ts';
import type { AgentSandboxRevision } from './kind.ts';
import { controllerRef, labelValue, managedLabels } from './owner.ts';
import type { KubeObject } from './runtime/index.ts';

export type AgentKind = 'TaskAgent' | 'DaemonAgent';

/** Tools that track objects by these would claim, and prune, our children (conventions 3). */
const foreignPrefixes = ['argocd.argoproj.io/', 'kustomize.toolkit.fluxcd.io/', 'helm.toolkit.fluxcd.io/'];
const foreignKeys: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'app.kubernetes.io/instance',
]);

function withoutForeign(map: Readonly<Record<string, string>> | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(map ?? {}).filter(
      ([key]) => !foreignKeys.has(key) && !foreignPrefixes.some((prefix) => key.startsWith(prefix)),
    ),
  );
}

export function revisionName(agent: AnyAgent): string {
  return childName.revision(agent.metadata.name, agent.metadata.generation ?? 1);
}

export function desiredRevision(kind: AgentKind, agent: AnyAgent): KubeObject {
  const { metadata, spec } = agent;
  const { image, command, args, env } = spec.template.spec;
  return {
    metadata: {
      namespace: metadata.namespace,
      name: revisionName(agent),
      labels: {
        ...withoutForeign(spec.template.metadata?.labels),
        ...managedLabels('agent'),
        [label.agent]: labelValue(metadata.name),
        [label.agentKind]: kind,
        [label.generation]: String(metadata.generation ?? 1),
        [label.revisionPool]: labelValue(spec.workerPoolRef),
      },
      annotations: withoutForeign(spec.template.metadata?.annotations),
      ownerReferences: [controllerRef({ kind, metadata })],
    },
    spec: {
      image,
      ...(command === undefined ? {} : { command }),
      ...(args === undefined ? {} : { args }),
      ...(env === undefined ? {} : { env }),
    },
  } as KubeObject;
}

/** Revisions nobody needs: neither the latest ready one, nor the latest created. */
export function expiredRevisions(
  revisions: readonly AgentSandboxRevision[],
  keep: { readonly created: string; readonly ready: string | undefined },
): readonly AgentSandboxRevision[] {
  return revisions.filter(({ metadata }) => metadata.name !== keep.created && metadata.name !== keep.ready);
}
