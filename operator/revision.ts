/** The AgentSandboxRevision of an agent's present generation, pure, and which of the older ones may go. */
import { childName, label, labelValue, type AnyAgent } from './compile/index.ts';
import type { AgentSandboxRevision } from './kind.ts';
import { controllerRef, managedLabels } from './owner.ts';
import { conditionOf, type KubeObject } from './runtime/index.ts';

export type AgentKind = 'TaskAgent' | 'DaemonAgent';

/** Tools that track objects by these would claim, and prune, our children. */
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

/** How long the old revision stays once every ingress was told of the new: calls sent just before must still find it. */
export const overlapMs = 10_000;

export interface Rollout {
  readonly created: string;
  readonly ready: string | undefined;
  /** Revision the agent's status named before now. */
  readonly servedBefore: string | undefined;
  /** Every live ingress runs a config in which `ready` serves. */
  readonly isTaken: boolean;
  /** How long `ready` has served. */
  readonly readyForMs: number;
}

/** Since when a revision serves, by its own condition; undefined: it does not yet. */
export function servingSince(revision: AgentSandboxRevision | undefined): number | undefined {
  const active = revision === undefined ? undefined : conditionOf(revision, 'Active');
  return active?.status === 'True' ? Date.parse(active.lastTransitionTime) : undefined;
}

/** Revisions nobody needs: neither created last, nor serving, nor one that a call may still be sent to. */
export function expiredRevisions(
  revisions: readonly AgentSandboxRevision[],
  { created, ready, servedBefore, isTaken, readyForMs }: Rollout,
): readonly AgentSandboxRevision[] {
  const isOver = servedBefore === ready && isTaken && readyForMs >= overlapMs;
  return revisions.filter(
    ({ metadata: { name } }) => isOver && name !== created && name !== ready && name !== servedBefore,
  );
}
