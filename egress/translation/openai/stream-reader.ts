/**
 * Chunks of a streamed chat completion into events of the form. Pure but for what it must remember: which parts are open. Calls of
 * tools may come interleaved; a text is over when something else begins.
 */
import { asObject, type JsonObject } from '../../providers/index.ts';
import type { StreamReader, WireEvent } from '../codec.ts';
import type { FormEvent } from '../form.ts';
import { readOpenAiError } from './error.ts';
import { finishOf, textOf, thoughtOf } from './response.ts';
import { readUsage } from './usage.ts';

/** Far more than models call at once. */
const maxCalls = 256;

interface OpenCall {
  readonly part: number;
  readonly id: string | undefined;
}

type Prose = 'text' | 'thinking' | 'refusal';

export class OpenAiStreamReader implements StreamReader {
  #hasStarted = false;
  #parts = 0;
  /** Calls by their index on the wire. */
  readonly #calls = new Map<number, OpenCall>();
  #prose: { readonly kind: Prose; readonly part: number } | undefined;
  #hasRefused = false;
  #hasFinished = false;
  #isOver = false;
  #events: FormEvent[] = [];

  read({ data }: WireEvent): FormEvent[] {
    this.#events = [];
    if (this.#isOver) return [];
    if (data === '[DONE]') this.#end();
    else this.#chunk(data);
    return this.#events;
  }

  #emit(event: FormEvent): void {
    this.#events.push(event);
  }

  #end(): void {
    this.#start({});
    this.#closeAll();
    // A server that never said why it stopped has ended all the same.
    if (!this.#hasFinished) this.#emit({ kind: 'finish', finish: 'other', stopSequence: undefined });
    this.#emit({ kind: 'end' });
    this.#isOver = true;
  }

  #fail(body: JsonObject, status: number): void {
    const error = readOpenAiError(status, body);
    this.#emit({ kind: 'error', error });
    this.#isOver = true;
  }

  #chunk(chunk: JsonObject): void {
    const error = chunk['error'];
    if (error !== undefined && error !== null) return this.#fail(chunk, statusOf(asObject(error)));
    this.#start(chunk);
    const choices = chunk['choices'];
    const choice = Array.isArray(choices) ? asObject(choices[0]) : undefined;
    if (choice !== undefined && !this.#hasFinished) this.#choice(choice);
    const usage = readUsage(chunk['usage']);
    if (usage !== undefined && !this.#isOver) this.#emit({ kind: 'usage', usage });
  }

  #start(chunk: JsonObject): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    this.#emit({ kind: 'start', id: textOf(chunk['id']), model: textOf(chunk['model']) });
  }

  #choice(choice: JsonObject): void {
    const delta = asObject(choice['delta']);
    if (delta !== undefined) this.#delta(delta);
    const reason = textOf(choice['finish_reason']);
    if (reason === undefined || this.#isOver) return;
    const stopSequence = textOf(choice['stop_reason']);
    const finish = finishOf(reason, this.#calls.size > 0);
    this.#closeAll();
    this.#hasFinished = true;
    const told =
      finish !== 'stop'
        ? finish
        : this.#hasRefused
          ? 'refusal'
          : stopSequence === undefined
            ? finish
            : 'stop-sequence';
    this.#emit({ kind: 'finish', finish: told, stopSequence });
  }

  #delta(delta: JsonObject): void {
    this.#say('thinking', thoughtOf(delta));
    this.#say('text', textOf(delta['content']));
    this.#say('refusal', textOf(delta['refusal']));
    const calls = delta['tool_calls'];
    if (Array.isArray(calls)) calls.forEach((call, at) => this.#call(asObject(call), at));
  }

  #say(kind: Prose, text: string | undefined): void {
    if (text === undefined) return;
    if (this.#prose?.kind !== kind) {
      this.#closeProse();
      const part = this.#open(kind === 'thinking' ? { kind, redacted: undefined } : { kind });
      this.#prose = { kind, part };
      if (kind === 'refusal') this.#hasRefused = true;
    }
    this.#emit({ kind: 'delta', index: this.#prose.part, text });
  }

  #open(part: Extract<FormEvent, { kind: 'part' }>['part']): number {
    const index = this.#parts;
    this.#parts += 1;
    this.#emit({ kind: 'part', index, part });
    return index;
  }

  #call(call: JsonObject | undefined, at: number): void {
    if (call === undefined || this.#isOver) return;
    const wire = typeof call['index'] === 'number' ? call['index'] : at;
    const [id, named] = [textOf(call['id']), asObject(call['function'])];
    const open = this.#known(wire, id, textOf(named?.['name']));
    const text = textOf(named?.['arguments']);
    if (open !== undefined && text !== undefined) this.#emit({ kind: 'delta', index: open.part, text });
  }

  /** Some servers number all calls alike and tell them apart by id. */
  #known(wire: number, id: string | undefined, name: string | undefined): OpenCall | undefined {
    const known = this.#calls.get(wire);
    const isNew = known === undefined || (id !== undefined && name !== undefined && id !== known.id);
    if (!isNew) return known;
    this.#closeProse();
    if (known !== undefined) this.#emit({ kind: 'part-end', index: known.part });
    if (this.#calls.size >= maxCalls) {
      this.#fail({ error: { message: 'the upstream calls more tools than a stream may hold' } }, 502);
      return undefined;
    }
    const part = this.#open({ kind: 'tool-call', id: id ?? `call_${this.#parts}`, name: name ?? '' });
    const open = { part, id };
    this.#calls.set(wire, open);
    return open;
  }

  #closeProse(): void {
    if (this.#prose !== undefined) this.#emit({ kind: 'part-end', index: this.#prose.part });
    this.#prose = undefined;
  }

  #closeAll(): void {
    this.#closeProse();
    for (const { part } of this.#calls.values()) this.#emit({ kind: 'part-end', index: part });
    this.#calls.clear();
  }
}

/** An error in the middle of an answer has no status: what its words stand for. */
function statusOf(error: JsonObject | undefined): number {
  const told = error?.['code'];
  if (typeof told === 'number' && told >= 400 && told <= 599) return told;
  const words = `${textOf(error?.['type']) ?? ''} ${textOf(told) ?? ''}`;
  if (/rate_limit|quota|too_many/.test(words)) return 429;
  return /invalid_request|context_length/.test(words) ? 400 : 500;
}
