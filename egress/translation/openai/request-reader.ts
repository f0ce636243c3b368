/** A request of chat completions into the form. Pure. What only its own provider does, and changes the answer, is refused. */
import type { JsonObject } from '../../providers/index.ts';
import type { Result } from '../codec.ts';
import type { FormRequest, ResponseFormat, Thinking, Tool, ToolChoice } from '../form.ts';
import { Members } from '../members.ts';
import { Notes } from '../notes.ts';
import { readConversation } from './message-reader.ts';

function readTool(tool: Members, notes: Notes): Tool[] {
  const type = tool.text('type') ?? 'function';
  if (type !== 'function') {
    notes.block(tool.pathOf('type'), `"${type.slice(0, 40)}" is a tool of this provider's own`);
    return [];
  }
  const named = tool.object('function');
  const read = {
    name: named?.text('name') ?? '',
    description: named?.text('description'),
    parameters: named?.json('parameters'),
    strict: named?.flag('strict'),
  };
  named?.end();
  tool.end();
  return [read];
}

function readToolChoice(body: Members, notes: Notes): ToolChoice | undefined {
  const value = body.any('tool_choice');
  if (value === undefined) return undefined;
  if (value === 'auto' || value === 'none') return { kind: value };
  if (value === 'required') return { kind: 'any' };
  if (typeof value !== 'object') {
    notes.block(body.pathOf('tool_choice'), 'is no choice that can be translated');
    return undefined;
  }
  const choice = body.object('tool_choice');
  const name = choice?.text('type') === 'function' ? choice.object('function')?.text('name') : undefined;
  if (name === undefined) {
    notes.block(body.pathOf('tool_choice'), 'chooses in a way that cannot be translated');
    return undefined;
  }
  return { kind: 'tool', name };
}

function readFormat(body: Members, notes: Notes): ResponseFormat | undefined {
  const format = body.object('response_format');
  if (format === undefined) return undefined;
  const type = format.text('type');
  if (type === 'text') return undefined;
  if (type === 'json_object') return { kind: 'json' };
  const named = type === 'json_schema' ? format.object('json_schema') : undefined;
  const schema = named?.json('schema');
  if (named === undefined || schema === undefined) {
    notes.block(body.pathOf('response_format'), 'is no format that can be translated');
    return undefined;
  }
  const read = { name: named.text('name') ?? 'response', schema, strict: named.flag('strict') };
  named.end();
  return { kind: 'json-schema', ...read };
}

function readThinking(body: Members, notes: Notes): Thinking | undefined {
  const effort = body.text('reasoning_effort');
  switch (effort) {
    case undefined:
      return undefined;
    case 'none':
      return { kind: 'off' };
    case 'minimal':
    case 'low':
    case 'medium':
    case 'high':
      return { kind: 'effort', effort };
    default:
      notes.drop('reasoning_effort (as high)');
      return { kind: 'effort', effort: 'high' };
  }
}

function readStop(body: Members, notes: Notes): string[] {
  const value = body.any('stop');
  const list: readonly unknown[] = value === undefined ? [] : Array.isArray(value) ? value : [value];
  return list.flatMap((each) => {
    if (typeof each === 'string') return [each];
    notes.block(body.pathOf('stop'), 'is not text');
    return [];
  });
}

/** More than one answer, what no other API tells, tools that run at the provider. */
function refuseOwn(body: Members, notes: Notes): void {
  const n = body.number('n');
  if (n !== undefined && n !== 1) notes.block('n', 'asks for more than one answer');
  if (body.flag('logprobs') === true || body.number('top_logprobs') !== undefined) {
    notes.block('logprobs', 'asks for what no other API tells');
  }
  if (Object.keys(body.json('logit_bias') ?? {}).length > 0) {
    notes.block('logit_bias', 'names tokens of one model');
  }
  if (body.list('modalities').some((each) => each !== 'text')) {
    notes.block('modalities', 'asks for more than text');
  }
  body.ignore('audio');
  body.refuse('is how functions were called before tools', 'functions', 'function_call');
  body.refuse('makes the provider search the web', 'web_search_options');
  body.refuse('is a text to go on with, not a conversation', 'prompt', 'suffix');
}

export function readOpenAiRequest(object: JsonObject): Result<FormRequest> {
  const notes = new Notes();
  const body = new Members(object, '', notes);
  refuseOwn(body, notes);
  const options = body.object('stream_options');
  const asksUsage = options?.flag('include_usage') === true;
  options?.end();
  const conversation = readConversation(body, notes);
  const older = body.number('max_tokens');
  const safety = body.text('safety_identifier');
  const read: FormRequest = {
    model: body.text('model') ?? '',
    stream: body.flag('stream') === true,
    asksUsage,
    ...conversation,
    tools: body.objects('tools').flatMap((tool) => readTool(tool, notes)),
    toolChoice: readToolChoice(body, notes),
    parallelToolCalls: body.flag('parallel_tool_calls'),
    maxOutputTokens: body.number('max_completion_tokens') ?? older,
    temperature: body.number('temperature'),
    topP: body.number('top_p'),
    topK: body.number('top_k'),
    stop: readStop(body, notes),
    seed: body.number('seed'),
    presencePenalty: body.number('presence_penalty'),
    frequencyPenalty: body.number('frequency_penalty'),
    responseFormat: readFormat(body, notes),
    thinking: readThinking(body, notes),
    user: body.text('user') ?? safety,
  };
  if (read.model === '') notes.block('model', 'is missing');
  if (read.messages.length === 0) notes.block('messages', 'holds no message of a user');
  body.end();
  return notes.resultOf(read);
}
