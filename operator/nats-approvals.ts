/** Hears what gateways ask over NATS, and answers. The subject says who asks: a gateway may publish to its own alone. */
import type { NatsConnection } from 'nats';
import { approvalBounds, approvalSubjects, errorMessage, type ApprovalReply } from '../contract/index.ts';
import type { Log } from '../process/index.ts';
import type { Asker } from './approval/asks.ts';

/** undefined: this process does not answer now; another may. `malformed`: it is no report. */
export type AnswerReport = (asker: Asker, text: string) => ApprovalReply | 'malformed' | undefined;

export interface Answering {
  readonly answer: AnswerReport;
  readonly onRefused: (subject: string) => void;
  readonly log: Pick<Log, 'error'>;
}

export function answerGateways(connection: NatsConnection, { answer, onRefused, log }: Answering): void {
  connection.subscribe(approvalSubjects, {
    callback: (error, message) => {
      if (error !== null) return;
      const { subject } = message;
      // What is thrown here would end the connection's reading, and with it the answers to every tenant.
      try {
        if (message.data.length > approvalBounds.reportBytes) return onRefused(subject);
        const [, , namespace = '', gateway = ''] = subject.split('.');
        const reply = answer({ namespace, gateway }, message.string());
        if (reply === 'malformed') onRefused(subject);
        else if (reply !== undefined) message.respond(JSON.stringify(reply));
      } catch (thrown) {
        log.error({ subject, error: errorMessage(thrown) }, 'a gateway is not answered');
      }
    },
  });
}
