/** A request of the responses API into the form. Pure. What needs OpenAI's own store is refused: nobody else can read it. */
import type { Result, WireRequest } from '../codec.ts';
import type { FormRequest, ResponseFormat, Thinking } from '../form.ts';
import { Members } from '../members.ts';
import { Notes } from '../notes.ts';
import { ItemReader } from './item-reader.ts';
import { readToolChoice, readTools } from './tool-reader.ts';

const efforts: ReadonlyMap<string, Thinking> = new Map<string, Thinking>([
  ['none', { kind: 'off' }],
  ['minimal', { kind: 'effort', effort: 'minimal' }],
  ['low', { kind: 'effort', effort: 'low' }],
  ['medium', { kind: 'effort', effort: 'medium' }],
  ['high', { kind: 'effort', effort: 'high' }],
]);
/** More than high is high elsewhere. */
const beyond = new Set(['xhigh', 'max']);

function readThinking(body: Members, notes: Notes): Thinking | undefined {
  const reasoning = body.object('reasoning');
  if (reasoning === undefined) return undefined;
  const word = reasoning.text('effort');
  // What is told of the thoughts is told wherever there are some.
  reasoning.ignore('summary', 'generate_summary');
  reasoning.end();
  if (word === undefined) return undefined;
  const effort = beyond.has(word) ? efforts.get('high') : efforts.get(word);
  if (beyond.has(word)) notes.drop(reasoning.pathOf('effort'));
  if (effort === undefined) notes.block(reasoning.pathOf('effort'), 'is no effort that is known');
  return effort;
}

function readFormat(body: Members, notes: Notes): ResponseFormat | undefined {
  const text = body.object('text');
  const format = text?.object('format');
  text?.end();
  if (format === undefined) return undefined;
  const type = format.text('type') ?? 'text';
  if (type === 'text') return undefined;
  if (type === 'json_object') return { kind: 'json' };
  const schema = type === 'json_schema' ? format.json('schema') : undefined;
  if (schema === undefined) {
    notes.block(format.pathOf('type'), 'is no format that is translated');
    return undefined;
  }
  const name = format.text('name') ?? 'response';
  const read: ResponseFormat = { kind: 'json-schema', name, schema, strict: format.flag('strict') };
  format.end();
  return read;
}

function refuseOthers(body: Members, notes: Notes): void {
  body.refuse('names what OpenAI alone has kept', 'previous_response_id', 'conversation', 'prompt');
  body.refuse('is a guard that OpenAI alone has', 'moderation');
  if (body.flag('background') === true) notes.block('background', 'is carried out by OpenAI alone');
  if ((body.number('top_logprobs') ?? 0) > 0) {
    notes.block('top_logprobs', 'asks for probabilities, which are not translated');
  }
  for (const name of body.list('include')) {
    if (name === 'message.output_text.logprobs')
      notes.block('include', 'asks for probabilities, which are not translated');
    // Thoughts come with their signatures wherever there are some; the rest is of tools that are refused.
    else if (name !== 'reasoning.encrypted_content') notes.drop('include');
  }
  if (body.text('truncation') === 'auto') notes.drop('truncation');
  // Nothing is kept: who asks for it later is told so.
  if (body.flag('store') === true) notes.drop('store');
}

function readInput(body: Members, reader: ItemReader): void {
  const input = body.any('input');
  if (typeof input === 'string') reader.add('user', [{ kind: 'text', text: input }]);
  else for (const item of body.objects('input')) reader.read(item);
}

export function readResponsesRequest({ body: object }: WireRequest): Result<FormRequest> {
  const notes = new Notes();
  const body = new Members(object, '', notes);
  refuseOthers(body, notes);
  const model = body.text('model');
  if (model === undefined || model === '') notes.block('model', 'is missing');
  const reader = new ItemReader(notes);
  const instructions = body.text('instructions');
  if (instructions !== undefined) reader.system.push({ kind: 'text', text: instructions });
  readInput(body, reader);
  const read: FormRequest = {
    model: model ?? '',
    stream: body.flag('stream') ?? false,
    asksUsage: true,
    system: reader.system,
    messages: reader.messages,
    tools: readTools(body, notes),
    toolChoice: readToolChoice(body, notes),
    parallelToolCalls: body.flag('parallel_tool_calls'),
    maxOutputTokens: body.number('max_output_tokens'),
    temperature: body.number('temperature'),
    topP: body.number('top_p'),
    topK: undefined,
    stop: [],
    seed: undefined,
    presencePenalty: undefined,
    frequencyPenalty: undefined,
    responseFormat: readFormat(body, notes),
    thinking: readThinking(body, notes),
    user: body.text('user'),
  };
  body.end();
  return notes.resultOf(read);
}
