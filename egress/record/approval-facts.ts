/** What a person decided about a call, as its record tells it. */
import { attribute, type ApprovalScope } from '../../contract/index.ts';
import type { AttributeSink } from './attribute-list.ts';

export interface ApprovalFacts {
  /** All but `allow` and `deny`: nobody decided. */
  readonly decision: 'allow' | 'deny' | 'timeout' | 'full' | 'unavailable' | 'gone';
  /** How long the call waited. */
  readonly waitMs: number;
  /** Of the Approval, `ns/name`. */
  readonly name?: string;
  readonly user?: string;
  readonly scope?: ApprovalScope;
  readonly reason?: string;
}

export function putApproval(sink: AttributeSink, facts: ApprovalFacts | undefined): void {
  if (facts === undefined) return;
  sink.put(attribute.approvalDecision, facts.decision);
  sink.put(attribute.approvalWaitMs, facts.waitMs);
  sink.put(attribute.approval, facts.name);
  sink.put(attribute.approvalUser, facts.user);
  sink.put(attribute.approvalScope, facts.scope);
  sink.put(attribute.approvalReason, facts.reason);
}
