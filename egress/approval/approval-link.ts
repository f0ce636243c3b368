/** Who decides about calls that wait for a person: a port, so that parking needs no NATS. */
import type { ApprovalReply, ApprovalReport } from '../../contract/index.ts';

export interface ApprovalLink {
  /** undefined: nobody answered. Never rejects. */
  report(report: ApprovalReport): Promise<ApprovalReply | undefined>;
}

/** For a gateway that is connected to nothing. */
export const noApprovalLink: ApprovalLink = { report: () => Promise.resolve(undefined) };
