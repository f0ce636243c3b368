/** Why an answer ended, in Google's words. Pure. */
import type { Finish } from '../form.ts';

const finishes: ReadonlyMap<string, Finish> = new Map<string, Finish>([
  ['STOP', 'stop'],
  ['MAX_TOKENS', 'length'],
  ['SAFETY', 'content-filter'],
  ['RECITATION', 'content-filter'],
  ['BLOCKLIST', 'content-filter'],
  ['PROHIBITED_CONTENT', 'content-filter'],
  ['SPII', 'content-filter'],
  ['IMAGE_SAFETY', 'content-filter'],
  ['IMAGE_PROHIBITED_CONTENT', 'content-filter'],
  ['IMAGE_RECITATION', 'content-filter'],
]);

const words: Readonly<Record<Finish, string>> = {
  stop: 'STOP',
  'stop-sequence': 'STOP',
  'tool-calls': 'STOP',
  length: 'MAX_TOKENS',
  'content-filter': 'SAFETY',
  refusal: 'SAFETY',
  other: 'OTHER',
};

/** Calls end by STOP like everything else. */
export function readFinish(word: string, hasCalls: boolean): Finish {
  const finish = finishes.get(word) ?? 'other';
  return finish === 'stop' && hasCalls ? 'tool-calls' : finish;
}

/** `isMalformed`: a call was left out, since its arguments are no JSON object. */
export function writeFinish(finish: Finish, isMalformed: boolean): string {
  return isMalformed && finish !== 'length' ? 'MALFORMED_FUNCTION_CALL' : words[finish];
}
