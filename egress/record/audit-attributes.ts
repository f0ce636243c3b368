/** What a record says of something that passed by the gateway's audit alone. Pure. */
import { attribute } from '../../contract/index.ts';
import type { WouldDeny } from '../../decision/index.ts';
import type { AttributeSink } from './attribute-list.ts';

export function putAudit(sink: AttributeSink, wouldDeny: WouldDeny | undefined): void {
  if (wouldDeny === undefined) return;
  sink.put(attribute.auditReason, wouldDeny.reason);
  sink.put(attribute.auditOpens, wouldDeny.opens);
}

export function verdictOf(
  denied: boolean,
  wouldDeny: WouldDeny | undefined,
): 'allow' | 'deny' | 'would_deny' {
  if (denied) return 'deny';
  return wouldDeny === undefined ? 'allow' : 'would_deny';
}
