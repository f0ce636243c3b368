/**
 * Every kind of the group in every state, with the verdicts a person would give. Apart because kstatus' rules, the Lua
 * script on its own, and Argo CD's own code (test/e2e/argo) are all held to it. The statuses are those the operator's own
 * code computes.
 */
import { kinds } from '../../api/index.ts';
import { setConditions, summaryFindings, type Finding, type Summary } from '../../operator/runtime/index.ts';
import type { Judged, KstatusVerdict } from './kstatus.ts';

export type Argo = 'Healthy' | 'Progressing' | 'Degraded' | 'Suspended';

const generation = 3;

function statusFor(summary: Summary, observedGeneration = generation, more: readonly Finding[] = []): object {
  const context = { previous: [], generation: observedGeneration, now: 0 };
  return { observedGeneration, conditions: setConditions([...more, ...summaryFindings(summary)], context) };
}

const because = { reason: 'Because', message: 'of a reason' } as const;
const ready: Summary = { state: 'ready', ...because };
const stalled: Summary = { state: 'stalled', ...because };
const refused: Finding = { type: 'Accepted', status: 'False', ...because };

interface State {
  readonly name: string;
  readonly status?: object;
  readonly metadata?: object;
  readonly spec?: object;
  readonly kstatus: KstatusVerdict;
  readonly argo: Argo;
}

const states: readonly State[] = [
  // What the API server stores for a new object: the CRD's default status.
  { name: 'just created', status: { observedGeneration: -1 }, kstatus: 'InProgress', argo: 'Progressing' },
  { name: 'seen', status: statusFor({ state: 'new' }), kstatus: 'InProgress', argo: 'Progressing' },
  {
    name: 'progressing',
    status: statusFor({ state: 'pending', ...because }),
    kstatus: 'InProgress',
    argo: 'Progressing',
  },
  { name: 'ready', status: statusFor(ready), kstatus: 'Current', argo: 'Healthy' },
  {
    name: 'ready, edited since',
    status: statusFor(ready, generation - 1),
    kstatus: 'InProgress',
    argo: 'Progressing',
  },
  { name: 'stalled', status: statusFor(stalled), kstatus: 'Failed', argo: 'Degraded' },
  {
    name: 'stalled, edited since',
    status: statusFor(stalled, generation - 1),
    kstatus: 'InProgress',
    argo: 'Progressing',
  },
  { name: 'refused', status: statusFor(stalled, generation, [refused]), kstatus: 'Failed', argo: 'Degraded' },
  {
    name: 'ready, being deleted',
    status: statusFor(ready),
    metadata: { deletionTimestamp: '2026-11-24T10:00:00Z' },
    kstatus: 'Terminating',
    argo: 'Progressing',
  },
  {
    name: 'stalled, being deleted',
    status: statusFor(stalled),
    metadata: { deletionTimestamp: '2026-11-24T10:00:00Z' },
    kstatus: 'Terminating',
    argo: 'Progressing',
  },
];

const suspended: State = {
  name: 'suspended',
  status: statusFor(ready),
  metadata: { annotations: { 'clrk.apoxy.dev/suspended-replicas': '2' } },
  spec: { replicas: 0 },
  kstatus: 'Current',
  argo: 'Suspended',
};

/** Every kind in every state it can be in. */
export const table = kinds.flatMap(({ kind }) =>
  [...states, ...(kind === 'WorkerPool' ? [suspended] : [])].map((state) => ({
    ...state,
    object: {
      apiVersion: 'clrk.apoxy.dev/v1alpha1',
      kind,
      metadata: { name: 'x', namespace: 'default', generation, ...state.metadata },
      spec: state.spec ?? {},
      ...(state.status === undefined ? {} : { status: state.status }),
    } as Judged & { readonly kind: string },
  })),
);
