/**
 * Status conditions by kstatus: Ready, and abnormal-true Reconciling and Stalled. Pure. lastTransitionTime moves only
 * when a status changes, so an unchanged world computes an unchanged status and nothing is written.
 */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number | undefined;
}

/** A condition as a controller computes it; time and generation are filled in by `setConditions`. */
export interface Finding {
  readonly type: string;
  readonly status: Condition['status'];
  readonly reason: string;
  readonly message: string;
}

export interface ConditionContext {
  readonly previous: readonly Condition[];
  readonly generation: number;
  readonly now: number;
}

// metav1.Condition: message at most 32768 characters; ours stay readable.
const maxMessage = 2_000;

export function setConditions(findings: readonly Finding[], context: ConditionContext): Condition[] {
  // metav1.Time has seconds.
  const now = new Date(context.now).toISOString().replace(/\.\d{3}Z$/, 'Z');
  return findings.map((finding) => {
    const before = context.previous.find((condition) => condition.type === finding.type);
    const moved = before?.status !== finding.status;
    return {
      type: finding.type,
      status: finding.status,
      reason: finding.reason,
      message: finding.message.slice(0, maxMessage),
      lastTransitionTime: moved ? now : before.lastTransitionTime,
      observedGeneration: context.generation,
    };
  });
}

export type Summary =
  | { readonly state: 'ready'; readonly reason: string; readonly message: string }
  | { readonly state: 'pending'; readonly reason: string; readonly message: string }
  /** Will not become ready without a person. */
  | { readonly state: 'stalled'; readonly reason: string; readonly message: string }
  /** Not looked at yet. */
  | { readonly state: 'new' };

/** Ready, Reconciling and Stalled for a summary; one place, so that every kind reads the same to Flux and Argo. */
export function summaryFindings(summary: Summary): Finding[] {
  if (summary.state === 'new') {
    return [
      { type: 'Ready', status: 'Unknown', reason: 'Pending', message: 'not yet reconciled' },
      { type: 'Reconciling', status: 'True', reason: 'Pending', message: 'not yet reconciled' },
    ];
  }
  const { reason, message } = summary;
  const ready = summary.state === 'ready';
  const findings: Finding[] = [{ type: 'Ready', status: ready ? 'True' : 'False', reason, message }];
  if (summary.state === 'pending') findings.push({ type: 'Reconciling', status: 'True', reason, message });
  if (summary.state === 'stalled') findings.push({ type: 'Stalled', status: 'True', reason, message });
  return findings;
}

export function conditionOf(
  object: { readonly status?: { readonly conditions?: readonly Condition[] | undefined } | undefined },
  type: string,
): Condition | undefined {
  return object.status?.conditions?.find((condition) => condition.type === type);
}
