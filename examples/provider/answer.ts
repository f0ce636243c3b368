/**
 * What the stand-in says. Deterministic: the same request gets the same text, pieces, ids and numbers, plain or streamed, by
 * every API, so that tests can assert them. Pure.
 */
import { lastSaid, nameOfResult, newResults, roundsOf, type Ask, type Media } from './ask.ts';
import { describe } from './describe.ts';
import type { JsonObject } from './json.ts';
import { sampleOf } from './sample.ts';
import { emptyStep, readStep, type Step } from './script/index.ts';
import { countTokens, idOf, signatureOf, splitTokens } from './tokens.ts';

const quoteLength = 400;

export interface CallPart {
  readonly kind: 'call';
  /** Without the vendor's prefix. */
  readonly id: string;
  readonly name: string;
  readonly arguments: JsonObject;
  readonly signature: string;
}

export type Part =
  | { readonly kind: 'thought'; readonly text: string; readonly signature: string }
  | { readonly kind: 'text'; readonly text: string; readonly pieces: readonly string[] }
  | { readonly kind: 'refusal'; readonly text: string; readonly pieces: readonly string[] }
  | CallPart;

/** Totals: `cached`, `written` and, of that, `hour` are part of `input`, `reasoning` is part of `output`. */
export interface Usage {
  readonly input: number;
  readonly output: number;
  readonly cached: number;
  readonly written: number;
  readonly hour: number;
  readonly reasoning: number;
}

export type Finish = 'stop' | 'length' | 'stop-sequence' | 'calls' | 'refusal';

export interface Answer {
  readonly parts: readonly Part[];
  readonly finish: Finish;
  readonly stopSequence: string | undefined;
  readonly usage: Usage;
  readonly step: Step;
}

function seen({ kind, mediaType, bytes, url }: Media): string {
  return url === undefined ? `${kind} ${mediaType ?? ''} of ${bytes ?? 0} bytes` : `${kind} at ${url}`;
}

function quote(text: string): string {
  const heard = text.replace(/\s+/g, ' ').trim();
  return heard.length > quoteLength ? `${heard.slice(0, quoteLength)}…` : heard;
}

/** Where no script says it. */
function usualText(ask: Ask): string {
  const last = lastSaid(ask);
  if (ask.format !== undefined) {
    const value = ask.format.schema === undefined ? { said: quote(last) } : undefined;
    return JSON.stringify(value ?? sampleOf(ask.format.schema, quote(last)));
  }
  const results = newResults(ask);
  if (results.length > 0) {
    const told = results.map(
      (each) => `${nameOfResult(ask, each)}${each.isError ? ' failed' : ''}: ${quote(each.text)}`,
    );
    return `The tools said: ${told.join('; ')}`;
  }
  const media = ask.turns.findLast((turn) => turn.role === 'user')?.media ?? [];
  const saw = media.length === 0 ? '' : ` I see: ${media.map(seen).join(', ')}.`;
  return `Hello from the stand-in. You said: "${quote(last)}"${saw}`;
}

interface Call {
  readonly name: string;
  readonly arguments: JsonObject;
}

/** A tool is called when the script or the caller insists, or when the last user message names it. */
function callsOf(ask: Ask, step: Step | undefined): readonly Call[] {
  if (ask.toolChoice === 'none') return [];
  if (step !== undefined && step.calls.length > 0) return ask.parallel ? step.calls : step.calls.slice(0, 1);
  if (step !== undefined || newResults(ask).length > 0) return [];
  const { toolChoice, tools } = ask;
  const last = lastSaid(ask);
  const named = tools.find(({ name }) =>
    typeof toolChoice === 'object' ? toolChoice.name === name : last.includes(name),
  );
  const tool = named ?? (toolChoice === 'any' ? tools[0] : undefined);
  return tool === undefined
    ? []
    : [{ name: tool.name, arguments: sampleOf(tool.schema, last) as JsonObject }];
}

function callPart(call: Call, index: number, seed: string): CallPart {
  const id = idOf('', `${seed} ${index}`);
  return {
    kind: 'call',
    id,
    ...call,
    signature: signatureOf(`${call.name} ${JSON.stringify(call.arguments)}`),
  };
}

interface Said {
  readonly text: string;
  readonly finish: Finish;
  readonly stopSequence: string | undefined;
}

/** Limits cut: the first stop sequence, then the number of tokens. */
function cutText(ask: Ask, whole: string): Said {
  const stops = ask.stop.filter((each) => each !== '' && whole.includes(each));
  const [stop] = [...stops].sort((a, b) => whole.indexOf(a) - whole.indexOf(b));
  const text = stop === undefined ? whole : whole.slice(0, whole.indexOf(stop));
  const pieces = splitTokens(text);
  if (ask.maxTokens !== undefined && pieces.length > ask.maxTokens)
    return { text: pieces.slice(0, ask.maxTokens).join(''), finish: 'length', stopSequence: undefined };
  return { text, finish: stop === undefined ? 'stop' : 'stop-sequence', stopSequence: stop };
}

type Spoken = Omit<Answer, 'usage' | 'step'>;

function refused(text: string): Spoken {
  const part: Part = { kind: 'refusal', text, pieces: splitTokens(text) };
  return { parts: [part], finish: 'refusal', stopSequence: undefined };
}

function spoken(ask: Ask, step: Step | undefined, seed: string): Spoken {
  const calls = callsOf(ask, step).map((call, index) => callPart(call, index, seed));
  const whole = step?.say ?? (step?.describes === true ? describe(ask) : undefined);
  const isCalling = calls.length > 0;
  if (isCalling && whole === undefined) return { parts: calls, finish: 'calls', stopSequence: undefined };
  const { text, finish, stopSequence } = cutText(ask, whole ?? usualText(ask));
  const said: Part = { kind: 'text', text, pieces: splitTokens(text) };
  return isCalling
    ? { parts: [said, ...calls], finish: 'calls', stopSequence: undefined }
    : { parts: [said], finish, stopSequence };
}

function withThoughts({ parts, ...end }: Spoken, thought: string | undefined): Spoken {
  if (thought === undefined) return { parts, ...end };
  return { parts: [{ kind: 'thought', text: thought, signature: signatureOf(thought) }, ...parts], ...end };
}

function partsOf(ask: Ask, step: Step | undefined, seed: string): Spoken {
  const said = step?.refuse === undefined ? spoken(ask, step, seed) : refused(step.refuse);
  return withThoughts(said, step?.think);
}

/** Everything that counts as input. */
function inputText(ask: Ask): string {
  const said = ask.turns.flatMap((turn) => [turn.text, ...turn.results.map((result) => result.text)]);
  return [ask.system, ...said].join('\n');
}

function outputOf(part: Part): number {
  return part.kind === 'call'
    ? countTokens(JSON.stringify({ name: part.name, arguments: part.arguments }))
    : countTokens(part.text);
}

export function countInput(ask: Ask): number {
  return readStep(lastSaid(ask), roundsOf(ask))?.count.input ?? countTokens(inputText(ask));
}

function usageOf(ask: Ask, parts: readonly Part[], { count }: Step): Usage {
  const output = parts.reduce((sum, part) => sum + outputOf(part), 0);
  const thoughts = parts.filter((part) => part.kind === 'thought');
  const hour = count.hour ?? 0;
  return {
    input: count.input ?? countTokens(inputText(ask)),
    output: count.output ?? output,
    cached: count.cached ?? 0,
    written: (count.written ?? 0) + hour,
    hour,
    reasoning: count.reasoning ?? thoughts.reduce((sum, part) => sum + outputOf(part), 0),
  };
}

/** `seed`: ids are made from it. */
export function computeAnswer(ask: Ask, seed: string): Answer {
  const step = readStep(lastSaid(ask), roundsOf(ask));
  const { parts, ...end } = partsOf(ask, step, seed);
  const usage = usageOf(ask, parts, step ?? emptyStep);
  const shown = ask.showsThoughts ? parts : parts.filter((part) => part.kind !== 'thought');
  return { ...end, parts: shown, usage, step: step ?? emptyStep };
}
