/** Which answers the agent gets with other bytes than the upstream sent. No state of its own. */
import type { Outgoing } from '../pipeline/outgoing.ts';
import { GovernedAnswer } from './governed-answer.ts';
import type { AnswerHead, AnswerHolder, RemadeAnswer } from './remade-answer.ts';
import { TranslatedAnswer } from './translated-answer.ts';

/** What was changed in a request, and what is asked of its answer. */
export type Remaking = Pick<Outgoing, 'translated' | 'answers'>;

/** undefined: it goes on as it comes. */
export function remakeAnswer(
  { translated, answers }: Remaking,
  head: AnswerHead,
  holder: AnswerHolder,
): RemadeAnswer | undefined {
  if (translated !== undefined) return new TranslatedAnswer(translated.call, head, holder);
  return answers && GovernedAnswer.of(answers, head, holder);
}
