/** Parking with ids nobody guesses. Apart so that what parks is without randomness. */
import { randomBytes } from 'node:crypto';
import { noApprovalLink, type ApprovalLink } from './approval-link.ts';
import { Approvals } from './approvals.ts';

/** `link` absent: calls that need a person are refused. */
export function openApprovals(link: ApprovalLink | undefined, now: () => number): Approvals {
  const randomId = (): string => randomBytes(8).toString('hex');
  return new Approvals({ link: link ?? noApprovalLink, now, randomId });
}
