/** Asks the operator over NATS. What it answers is checked, and whatever is none is as no answer. */
import type { NatsConnection } from 'nats';
import {
  approvalSubject,
  parseApprovalReply,
  type ApprovalReply,
  type ApprovalReport,
} from '../../contract/index.ts';
import type { ApprovalLink } from './approval-link.ts';

const timeoutMs = 2_000;

export class NatsApprovals implements ApprovalLink {
  readonly #subject: string;
  readonly #connection: () => NatsConnection | undefined;

  /** `connection`: undefined while there is none. */
  constructor(
    gateway: { readonly namespace: string; readonly name: string },
    connection: () => NatsConnection | undefined,
  ) {
    this.#subject = approvalSubject(gateway);
    this.#connection = connection;
  }

  async report(report: ApprovalReport): Promise<ApprovalReply | undefined> {
    try {
      const text = JSON.stringify(report);
      const answer = await this.#connection()?.request(this.#subject, text, { timeout: timeoutMs });
      return answer === undefined ? undefined : parseApprovalReply(answer.string());
    } catch {
      return undefined;
    }
  }
}
