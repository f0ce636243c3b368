/**
 * kstatus' verdict on a custom resource, by its published rules (Flux, cli-utils and Helm 4 all use them): written from
 * the rules and not from our operator, so that the two can disagree.
 */
export type KstatusVerdict = 'Terminating' | 'InProgress' | 'Failed' | 'Current';

export interface Judged {
  readonly metadata: { readonly generation?: number; readonly deletionTimestamp?: string };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

export function kstatus({ metadata, status }: Judged): KstatusVerdict {
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  const observed = status?.observedGeneration;
  if (observed !== undefined && observed !== metadata.generation) return 'InProgress';
  const conditions = status?.conditions ?? [];
  for (const { type, status: value } of conditions) {
    if (type === 'Reconciling' && value === 'True') return 'InProgress';
    if (type === 'Stalled' && value === 'True') return 'Failed';
  }
  const ready = conditions.find(({ type }) => type === 'Ready');
  // Never failed: Ready=False alone is waited for until the time-out.
  return ready === undefined || ready.status === 'True' ? 'Current' : 'InProgress';
}
