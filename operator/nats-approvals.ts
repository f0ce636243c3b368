/** Hears what gateways ask over NATS, and answers. The subject says who asks: a gateway may publish to its own alone. */
import type { NatsConnection } from 'nats';
import {
  approvalSubjects,
  parseApprovalReport,
  type ApprovalReply,
  type ApprovalReport,
} from '../contract/index.ts';
import type { Asker } from './approval/asks.ts';

/** undefined: this process does not answer now; another may. */
export type AnswerReport = (asker: Asker, report: ApprovalReport) => ApprovalReply | undefined;

export function answerGateways(
  connection: NatsConnection,
  answer: AnswerReport,
  onRefused: (subject: string) => void,
): void {
  connection.subscribe(approvalSubjects, {
    callback: (error, message) => {
      if (error !== null) return;
      const [, , namespace = '', gateway = ''] = message.subject.split('.');
      const report = parseApprovalReport(message.string());
      if (report === undefined) return onRefused(message.subject);
      const reply = answer({ namespace, gateway }, report);
      if (reply !== undefined) message.respond(JSON.stringify(reply));
    },
  });
}
