/**
 * The small language in which a prompt tells the stand-in what to answer: one command a line of the last user message. Lines
 * that are none are heard as what they are, text. Pure. A prompt without commands gets the usual answer.
 *
 *     say TEXT                                   answer this; several lines are joined
 *     think TEXT                                 thoughts before it
 *     call tool NAME with {JSON}                 several lines: calls in parallel
 *     refuse TEXT                                a refusal, as the API has it
 *     describe                                   tell what the request held: system, turns, tools, media, settings
 *     then                                       what follows is for the turn after the tools have answered
 *     count input N, cached N, written N, written for an hour N, output N, reasoning N
 *                                                tell this usage (cached and written are part of input, reasoning of output)
 *     fail STATUS [once|twice|N times] [retry after SECONDS]
 *                                                this error; without a number always
 *     break [with STATUS] after N                an error event after N pieces of a stream
 *     cut after N                                the connection breaks after N events of a stream
 *     wait N ms                                  before the head of the answer
 *     pause N ms                                 between events of a stream
 *     write STYLE, STYLE…                        crlf, comments, multiline, late usage, no done
 */
import type { JsonObject } from '../json.ts';
import { readCommand } from './command.ts';

export type Style = 'crlf' | 'comments' | 'multiline' | 'late usage' | 'no done';

export interface ScriptedUsage {
  readonly input?: number;
  readonly cached?: number;
  readonly written?: number;
  readonly hour?: number;
  readonly output?: number;
  readonly reasoning?: number;
}

/** One turn's worth of commands. */
export interface Step {
  readonly say: string | undefined;
  readonly think: string | undefined;
  readonly refuse: string | undefined;
  readonly describes: boolean;
  readonly calls: ReadonlyArray<{ readonly name: string; readonly arguments: JsonObject }>;
  readonly count: ScriptedUsage;
  readonly fail: ScriptedFailure | undefined;
  readonly breakAfter: { readonly pieces: number; readonly status: number } | undefined;
  readonly cutAfter: number | undefined;
  readonly waitMs: number | undefined;
  readonly pauseMs: number | undefined;
  readonly styles: readonly Style[];
}

export interface ScriptedFailure {
  readonly status: number;
  readonly times: number;
  readonly retryAfter: number | undefined;
}

export const emptyStep: Step = {
  say: undefined,
  think: undefined,
  refuse: undefined,
  describes: false,
  calls: [],
  count: {},
  fail: undefined,
  breakAfter: undefined,
  cutAfter: undefined,
  waitMs: undefined,
  pauseMs: undefined,
  styles: [],
};

/** The step of a round; undefined: the script has none for it, so the usual answer is given. */
export function readStep(text: string, round: number): Step | undefined {
  const steps: Step[] = [emptyStep];
  let isScript = false;
  for (const line of text.split(/\r?\n/)) {
    const last = steps.at(-1) ?? emptyStep;
    if (line.trim() === 'then') {
      steps.push(emptyStep);
      continue;
    }
    const next = readCommand(line.trim(), last);
    if (next === undefined) continue;
    isScript = true;
    steps[steps.length - 1] = next;
  }
  return isScript ? steps[round] : undefined;
}
