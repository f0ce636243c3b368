/**
 * What the record says of its own token counts: nothing when they are whole, else that they are not. Pure. Apart because it
 * is a promise to whoever adds counts up: an absent number never stands for zero.
 */
import { credibleCounts, type Facts } from '../providers/index.ts';

interface Marked {
  readonly ai: { readonly operation: string | undefined } | undefined;
  readonly facts: Facts;
  readonly status: number | undefined;
  readonly decision: 'allow' | 'deny' | 'would_deny';
  /** Stable code when the exchange broke. */
  readonly error: string | undefined;
}

type UsageMark = 'unknown' | 'partial';

/** `unseen`: no count was told. */
function judgeCounts(facts: Facts): UsageMark | 'whole' | 'unseen' {
  const counts = credibleCounts(facts);
  if (counts === undefined) return 'unknown';
  if (counts.inputTokens === undefined && counts.outputTokens === undefined) return 'unseen';
  return facts.usage === 'partial' ? 'partial' : 'whole';
}

/**
 * `unknown`: an inference answered and no count was seen, or counts that contradict each other. `partial`: more may have been used
 * than the counts say.
 */
export function computeUsageMark(exchange: Marked): UsageMark | undefined {
  const { ai, facts, status, decision, error } = exchange;
  const seen = judgeCounts(facts);
  if (seen !== 'unseen') return seen === 'whole' ? undefined : seen;
  // Nothing was let through, or it failed as a whole: nobody pays for it.
  if (ai?.operation === undefined || decision === 'deny' || status === undefined) return undefined;
  return status < 400 || error !== undefined ? 'unknown' : undefined;
}
