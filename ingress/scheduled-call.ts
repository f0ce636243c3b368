/** Calls of schedules and events: their input as the body, and an answer that nobody reads but for how it ended. */
import { Readable } from 'node:stream';
import type { ScheduleResult } from '../contract/index.ts';
import type { Call } from './call.ts';
import { RequestBody } from './request-body.ts';
import type { Due } from './schedule-book.ts';
import { UnreadAnswer } from './unread-answer.ts';

/** A call of the platform's own. */
export interface StandingCall extends Call {
  /** Once it is answered. */
  readonly result: ScheduleResult;
}

export function scheduledCall({ agent, at }: Due): StandingCall {
  const input = Buffer.from(agent.scheduleInput ?? '{}');
  // An event is of the time it was due, whenever a place was free for it.
  const headers = { 'content-type': 'application/json', 'ce-time': new Date(at).toISOString() };
  return standingCall(agent.namespace, { input, headers });
}

/** A call whose input is here already. `signal`: it must not go on. */
export function standingCall(
  namespace: string,
  {
    input,
    headers,
    signal,
  }: {
    readonly input: Uint8Array;
    readonly headers: Call['headers'];
    readonly signal?: AbortSignal;
  },
): StandingCall {
  const answer = new UnreadAnswer(signal);
  return {
    method: 'POST',
    url: '/',
    headers: { ...headers, 'content-length': String(input.length) },
    peer: namespace,
    answer,
    complete: true,
    hasBody: true,
    openBody: (kept) =>
      new RequestBody(
        { headers: {}, iterator: (options) => Readable.from([Buffer.from(input)]).iterator(options) },
        { kept },
      ),
    endAfterBody: (end) => end(),
    get result() {
      return answer.result;
    },
  };
}
