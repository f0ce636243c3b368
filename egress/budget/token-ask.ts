/**
 * How many tokens a call asks of its budget, before anybody counted any. Pure. `most` covers whatever the request's own bytes can
 * cost and the answer it asks for; with less, the answer is capped to what is there.
 */
import { unnamedOutputTokens, type Budget, type Operation } from '../../decision/index.ts';
import type { NanoUsd } from '../../contract/index.ts';
import type { BodyRead } from '../body/index.ts';
import { readOutputCap } from './output-cap.ts';

/** What a call of so many tokens costs at most; undefined: nobody knows. */
export type CostBound = (input: number, output: number) => NanoUsd | undefined;

export interface CostAsk {
  readonly least: NanoUsd;
  readonly most: NanoUsd;
  /** Of its input: as if every byte were a token, and as text usually is. */
  readonly inputBound: NanoUsd;
  readonly inputEstimate: NanoUsd;
}

export interface TokenAsk {
  /** With fewer the call is refused. */
  readonly least: number;
  readonly most: number;
  /** Tokens of an answer the request names; undefined: none. */
  readonly asked: number | undefined;
  /** Of one answer, as far as the rule allows. */
  readonly output: number;
  readonly choices: number;
  readonly inputBound: number;
  readonly inputEstimate: number;
}

/** OpenAI's responses API takes no smaller limit. */
const leastOutput = 16;
/** No model reads more: the largest contexts sold are of a million tokens. */
const maxContext = 1_000_000;
/** A tokenizer makes at most one token of a byte, and one of three or four in text. */
const usualBytesPerToken = 3;
/** Beyond, bodies are images and files, which cost by their size on the screen. */
const maxEstimate = 100_000;

export function computeAsk(
  operation: Operation,
  read: BodyRead & { readonly choices: number },
  bodyBytes: number,
  { maxOutputTokens = Number.POSITIVE_INFINITY }: Budget,
): TokenAsk {
  const inputBound = Math.min(bodyBytes, maxContext);
  const inputEstimate = Math.min(Math.ceil(bodyBytes / usualBytesPerToken), maxEstimate);
  const asked = readOutputCap(operation, read);
  const output =
    operation.name === 'embeddings' ? 0 : Math.min(asked ?? unnamedOutputTokens, maxOutputTokens);
  const { choices } = read;
  return {
    least: inputEstimate + Math.min(output, leastOutput) * choices,
    most: inputBound + output * choices,
    ...{ asked, output, choices, inputBound, inputEstimate },
  };
}

/** The same, of a call that goes on from what its server keeps: so many tokens are read again. */
export function goingOn(ask: TokenAsk, carried: number): TokenAsk {
  const { least, most, inputBound, inputEstimate } = ask;
  return {
    ...ask,
    least: least + carried,
    most: most + carried,
    inputBound: inputBound + carried,
    inputEstimate: inputEstimate + carried,
  };
}

/** The same in money; undefined: nobody knows what it may cost. */
export function computeCostAsk(
  { output, choices, inputBound, inputEstimate }: TokenAsk,
  bound: CostBound,
): CostAsk | undefined {
  const least = bound(inputEstimate, Math.min(output, leastOutput) * choices);
  const most = bound(inputBound, output * choices);
  const [whole, usual] = [bound(inputBound, 0), bound(inputEstimate, 0)];
  if (least === undefined || most === undefined || whole === undefined || usual === undefined)
    return undefined;
  return { least, most, inputBound: whole, inputEstimate: usual };
}

/** The limit that what was granted in money leaves for one answer; undefined: it may go as it is. */
export function computeCostCap(
  { output, choices }: TokenAsk,
  { most, inputBound, inputEstimate }: CostAsk,
  granted: NanoUsd,
): number | undefined {
  if (output === 0 || granted >= most) return undefined;
  const perToken = (most - inputBound) / (output * choices);
  const strict = Math.floor((granted - inputBound) / perToken / choices);
  const usual = Math.floor((granted - inputEstimate) / perToken / choices);
  return Math.min(output, Math.max(1, strict >= leastOutput ? strict : usual));
}

/** The limit that holds an answer to what it is counted with; undefined: its request names one, or its model gives no more. */
export function computeOpenCap({ asked, output }: TokenAsk, isWide: boolean): number | undefined {
  return asked === undefined && isWide && output > 0 ? output : undefined;
}

/** The limit to write into the request, given what was granted; undefined: it may go as it is. */
export function computeCap(
  { asked, output, choices, most, inputBound, inputEstimate }: TokenAsk,
  granted: number,
  { maxOutputTokens }: Budget,
): number | undefined {
  if (output === 0) return undefined;
  if (granted >= most) {
    const isOver = (asked ?? Number.POSITIVE_INFINITY) > (maxOutputTokens ?? Number.POSITIVE_INFINITY);
    return isOver || (asked === undefined && maxOutputTokens !== undefined) ? output : undefined;
  }
  // As if every byte were a token while that leaves room, else as text usually is.
  const strict = Math.floor((granted - inputBound) / choices);
  const usual = Math.floor((granted - inputEstimate) / choices);
  return Math.min(output, strict >= leastOutput ? strict : usual);
}
