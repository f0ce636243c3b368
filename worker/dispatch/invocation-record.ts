/** Invocation events of this worker: complete snapshots, so the latest one is the state. Pure. */
import { header, type Invocation, type PoolAgent } from '../../contract/index.ts';
import type { IncomingHttpHeaders } from 'node:http';

export interface RecordInput {
  readonly agent: PoolAgent;
  readonly invocationId: string;
  readonly revision: string;
  readonly worker: string;
  readonly traceId: string;
  readonly startedAt: number;
  readonly deadlineAt: number;
  readonly headers: IncomingHttpHeaders;
}

const triggerTypes = { http: 'HTTP', cron: 'Cron', cli: 'CLI' } as const;

export function triggerOf(headers: IncomingHttpHeaders): Invocation['spec']['trigger'] {
  const source = String(headers[header.trigger] ?? 'http').toLowerCase();
  const type = triggerTypes[source as keyof typeof triggerTypes] ?? 'HTTP';
  return { type, source: type.toLowerCase() };
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** The event for this status; what every event of the invocation shares is filled in. */
export function composeInvocation(input: RecordInput, status: Invocation['status']): Invocation {
  const { agent, invocationId } = input;
  return {
    apiVersion: 'telemetry.clrk.apoxy.dev/v1alpha1',
    kind: 'Invocation',
    metadata: {
      name: invocationId,
      uid: invocationId,
      namespace: agent.namespace,
      creationTimestamp: iso(input.startedAt),
    },
    spec: {
      parentRef: { kind: agent.kind, name: agent.name, uid: agent.uid },
      trigger: triggerOf(input.headers),
      identity: { audiences: [] },
    },
    status: {
      revision: input.revision,
      worker: input.worker,
      traceId: input.traceId,
      startTime: iso(input.startedAt),
      deadline: iso(input.deadlineAt),
      ...status,
    },
  };
}
