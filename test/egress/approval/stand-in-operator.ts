/** Decides about asks for tests: what it says is said when the test lets it. */
import type { ApprovalReply, ApprovalReport, ApprovalWord, DecidedWord } from '../../../contract/index.ts';
import type { ApprovalLink } from '../../../egress/approval/approval-link.ts';

export class StandInOperator implements ApprovalLink {
  readonly reports: ApprovalReport[] = [];
  /** Said of each ask with this tool or path. */
  readonly words = new Map<string, (id: string) => ApprovalWord>();
  isAway = false;

  report(report: ApprovalReport): Promise<ApprovalReply | undefined> {
    this.reports.push(report);
    if (this.isAway) return Promise.resolve(undefined);
    const words = report.asks
      .filter(({ state }) => state === 'waiting')
      .flatMap(({ id, call }) => this.words.get(call.tool ?? call.path ?? '')?.(id) ?? []);
    return Promise.resolve({ version: 1, words });
  }

  say(what: string, change: Partial<DecidedWord> = {}): void {
    this.words.set(what, (id) => ({
      ...{ id, kind: 'decided', approval: 'ask-1', answer: 'Allow', scope: 'Once', by: 'jane', leftMs: 0 },
      ...change,
    }));
  }

  /** Of the last report: `id state`. */
  get last(): string[] {
    return (this.reports.at(-1)?.asks ?? []).map(({ id, state }) => `${Number(id)} ${state}`);
  }
}
