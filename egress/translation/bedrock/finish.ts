/** Why an answer ended, in Bedrock's words. Pure. */
import type { Finish } from '../form.ts';

const finishes: ReadonlyMap<string, Finish> = new Map<string, Finish>([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop-sequence'],
  ['tool_use', 'tool-calls'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['content_filtered', 'content-filter'],
  ['guardrail_intervened', 'content-filter'],
  ['refusal', 'refusal'],
]);

const words: Readonly<Record<Finish, string>> = {
  stop: 'end_turn',
  'stop-sequence': 'stop_sequence',
  'tool-calls': 'tool_use',
  length: 'max_tokens',
  'content-filter': 'content_filtered',
  refusal: 'content_filtered',
  other: 'end_turn',
};

export function readFinish(word: string | undefined): Finish {
  return finishes.get(word ?? '') ?? 'other';
}

/** `isMalformed`: a call was left out, since its arguments are no JSON object. */
export function writeFinish(finish: Finish, isMalformed: boolean): string {
  return isMalformed && finish !== 'length' ? 'malformed_tool_use' : words[finish];
}
