/** One question of a gateway, answered from what is known at this moment: it never waits for the API. */
import { parseApprovalReport, type ApprovalReply } from '../../contract/index.ts';
import { kinds } from '../kind.ts';
import { keyOf, type World } from '../runtime/index.ts';
import { answerAsk } from './answer.ts';
import { approvalName, gatewayOf, type Asker, type Asks } from './asks.ts';

export interface Known {
  readonly world: World;
  readonly asks: Asks;
  /** Wall clock. */
  readonly now: number;
}

const unreadable = 'the platform cannot read what is asked';

/** `onNews`: an Approval is to be looked at, or made. undefined: no answer; `malformed`: it is no report. */
export function answerReport(
  { world, asks, now }: Known,
  asker: Asker,
  text: string,
  onNews: (key: string) => void,
): ApprovalReply | 'malformed' | undefined {
  // Before anything of it is read.
  if (!asks.admits(asker)) return undefined;
  const report = parseApprovalReport(text);
  if (report === undefined) return 'malformed';
  asks.tidy();
  const gateway = gatewayOf(world, asker);
  const words = report.asks.flatMap((ask) => {
    if (gateway === undefined)
      return [{ id: ask.id, kind: 'refused' as const, why: 'there is no such gateway' }];
    const word = answerAsk(world, gateway, ask, now);
    const key = keyOf(asker.namespace, approvalName(ask.id));
    const isKnown = world.get(kinds.approval, asker.namespace, approvalName(ask.id)) !== undefined;
    // Only what a person is asked about, or was, is kept in mind.
    if ((word === undefined || isKnown) && asks.hear(gateway, ask)) onNews(key);
    return ask.state === 'waiting' && word !== undefined ? [word] : [];
  });
  const unread = report.unread.map((id) => ({ id, kind: 'refused' as const, why: unreadable }));
  return { version: 1, words: [...words, ...unread] };
}
