/** The Invocation snapshots the ingress publishes. Pure: one invocation's facts in, complete objects out. */
import { type IngressAgent, type Invocation, type Phase } from '../contract/index.ts';
import type { Refusal } from './admission.ts';
import type { Trigger } from './caller.ts';

export interface InvocationFacts {
  readonly id: string;
  readonly agent: IngressAgent;
  readonly trigger: Trigger;
  readonly createdAt: Date;
  readonly traceId: string | undefined;
}

/** Reasons are CamelCase in records. */
export const rejectionReason: Readonly<Record<Refusal, string>> = {
  no_ready_revision: 'NoReadyRevision',
  at_max_concurrent: 'AtMaxConcurrent',
  no_ready_worker: 'NoReadyWorker',
};

export function renderInvocation(
  facts: InvocationFacts,
  phase: Phase,
  status: Partial<Omit<Invocation['status'], 'phase'>>,
): Invocation {
  const { id, agent, trigger, createdAt, traceId } = facts;
  return {
    apiVersion: 'telemetry.clrk.apoxy.dev/v1alpha1',
    kind: 'Invocation',
    metadata: { name: id, uid: id, namespace: agent.namespace, creationTimestamp: createdAt.toISOString() },
    spec: {
      parentRef: { kind: agent.kind, name: agent.name, uid: agent.uid },
      trigger: { type: trigger, source: trigger === 'Cron' ? (agent.schedule ?? '') : '' },
      identity: { audiences: [] },
    },
    status: {
      ...(traceId === undefined ? {} : { traceId }),
      startTime: createdAt.toISOString(),
      ...status,
      phase,
    },
  };
}
