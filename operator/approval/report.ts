/** One question of a gateway, answered from what is known at this moment: it never waits for the API. */
import {
  parseApprovalReport,
  type ApprovalAsk,
  type ApprovalReply,
  type ApprovalWord,
} from '../../contract/index.ts';
import { kinds, type EgressGateway } from '../kind.ts';
import { keyOf, type World } from '../runtime/index.ts';
import { answerAsk, isOf } from './answer.ts';
import { approvalName, gatewayOf, type Asker, type Asks } from './asks.ts';

export interface Known {
  readonly world: World;
  readonly asks: Asks;
  /** Wall clock. */
  readonly now: number;
}

const unreadable = 'the platform cannot read what is asked';
const tooOften = 'people are asked too often already, by this agent or by all of its gateway';

/** `onNews`: an Approval is to be looked at, or made. undefined: no answer; `malformed`: it is no report. */
export function answerReport(
  known: Known,
  asker: Asker,
  text: string,
  onNews: (key: string) => void,
): ApprovalReply | 'malformed' | undefined {
  const { world, asks } = known;
  // Before anything of it is read.
  if (!asks.admits(asker)) return undefined;
  const report = parseApprovalReport(text);
  if (report === undefined) return 'malformed';
  asks.tidy();
  const gateway = gatewayOf(world, asker);
  const words = report.asks.flatMap((ask) => {
    if (gateway === undefined) return [refused(ask.id, 'there is no such gateway')];
    return wordOn(known, gateway, ask, onNews) ?? [];
  });
  const unread = report.unread.map((id) => refused(id, unreadable));
  return { version: 1, words: [...words, ...unread] };
}

function refused(id: string, why: string): ApprovalWord {
  return { id, kind: 'refused', why };
}

function wordOn(
  { world, asks, now }: Known,
  gateway: EgressGateway,
  ask: ApprovalAsk,
  onNews: (key: string) => void,
): ApprovalWord | undefined {
  const { namespace } = gateway.metadata;
  const name = approvalName(ask.id);
  const word = answerAsk(world, gateway, ask, now);
  const own = world.get(kinds.approval, namespace, name);
  if (own === undefined && word === undefined && asks.get(namespace, name) === undefined) {
    // It was over before anybody was asked.
    if (ask.state !== 'waiting') return undefined;
    if (!asks.admitsNew(gateway, ask.agent.uid)) return refused(ask.id, tooOften);
  }
  // Only what a person is asked about, or was, is kept in mind.
  const isKept = own === undefined ? word === undefined : isOf(own, gateway, ask);
  if (isKept && asks.hear(gateway, ask)) onNews(keyOf(namespace, name));
  return ask.state === 'waiting' ? word : undefined;
}
