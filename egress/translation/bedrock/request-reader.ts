/** A request of Converse or ConverseStream into the form. Pure. */
import type { Result, WireRequest } from '../codec.ts';
import type { FormRequest, Message, ResponseFormat, TextPart, Thinking, Tool, ToolChoice } from '../form.ts';
import { parseObject } from '../json.ts';
import { Members } from '../members.ts';
import { Notes } from '../notes.ts';
import { countValues, maxTranslatedValues } from '../size.ts';
import { readBlock } from './block-reader.ts';
import { readModelFields } from './model-fields.ts';
import { readPlace } from './path.ts';

function readSystem(blocks: readonly Members[], notes: Notes): TextPart[] {
  return blocks.flatMap((block): TextPart[] => {
    const part = readBlock(block, notes);
    if (part !== undefined && part.kind !== 'text') notes.block(block.path, 'is not text');
    return part?.kind === 'text' ? [part] : [];
  });
}

function readMessages(body: Members, system: TextPart[], notes: Notes): Message[] {
  return body.objects('messages').flatMap((message): Message[] => {
    const role = message.text('role') ?? '';
    const blocks = message.objects('content');
    message.end();
    if (role === 'system') {
      notes.drop(message.pathOf('role'));
      for (const part of readSystem(blocks, notes)) system.push(part);
      return [];
    }
    if (role !== 'user' && role !== 'assistant') {
      notes.block(message.pathOf('role'), 'is no role that is known');
      return [];
    }
    return [{ role, parts: blocks.flatMap((block) => readBlock(block, notes) ?? []) }];
  });
}

function readTool(tool: Members, notes: Notes): Tool[] {
  if (tool.any('cachePoint') !== undefined) {
    notes.drop(tool.pathOf('cachePoint'));
    return [];
  }
  const spec = tool.object('toolSpec');
  if (spec === undefined) {
    notes.block(tool.path, 'is a tool that Bedrock carries out itself');
    return [];
  }
  const schema = spec.object('inputSchema');
  const read: Tool = {
    name: spec.text('name') ?? '',
    description: spec.text('description'),
    parameters: schema?.json('json'),
    strict: spec.flag('strict'),
  };
  schema?.end();
  spec.end();
  return [read];
}

function readChoice(config: Members, notes: Notes): ToolChoice | undefined {
  const choice = config.object('toolChoice');
  if (choice === undefined) return undefined;
  const name = choice.object('tool')?.text('name');
  if (name !== undefined) return { kind: 'tool', name };
  if (choice.json('any') !== undefined) return { kind: 'any' };
  if (choice.json('auto') === undefined) notes.block(choice.path, 'is no choice that is known');
  return { kind: 'auto' };
}

const efforts: ReadonlyMap<string, Thinking> = new Map<string, Thinking>([
  ['low', { kind: 'effort', effort: 'low' }],
  ['medium', { kind: 'effort', effort: 'medium' }],
  ['high', { kind: 'effort', effort: 'high' }],
]);

function readEffort(output: Members, notes: Notes): Thinking | undefined {
  const word = output.text('effort');
  const effort = word === undefined ? undefined : efforts.get(word);
  if (word === undefined || effort !== undefined) return effort;
  // More than high is high elsewhere.
  notes.drop(output.pathOf('effort'));
  return efforts.get('high');
}

function readFormat(output: Members, notes: Notes): ResponseFormat | undefined {
  const format = output.object('textFormat');
  if (format === undefined) return undefined;
  const named = format.object('structure')?.object('jsonSchema');
  const text = named?.text('schema') ?? '';
  // It was a string when the body was counted.
  const schema = countValues(text) > maxTranslatedValues ? undefined : parseObject(text);
  if (named === undefined || schema === undefined) {
    notes.block(format.path, 'is no format that is translated');
    return undefined;
  }
  const name = named.text('name') ?? 'response';
  named.end();
  return { kind: 'json-schema', name, schema, strict: undefined };
}

type Sampling = Pick<FormRequest, 'maxOutputTokens' | 'temperature' | 'topP' | 'stop'>;

function readSampling(body: Members, notes: Notes): Sampling {
  const config = body.object('inferenceConfig') ?? new Members({}, '', notes);
  const stop = config.list('stopSequences');
  const texts = stop.filter((text) => typeof text === 'string');
  if (texts.length < stop.length) notes.block(config.pathOf('stopSequences'), 'is not a list of texts');
  const read: Sampling = {
    maxOutputTokens: config.number('maxTokens'),
    temperature: config.number('temperature'),
    topP: config.number('topP'),
    stop: texts,
  };
  config.end();
  return read;
}

type Tools = Pick<FormRequest, 'tools' | 'toolChoice'>;

function readTools(body: Members, notes: Notes): Tools {
  const config = body.object('toolConfig');
  if (config === undefined) return { tools: [], toolChoice: undefined };
  const tools = config.objects('tools').flatMap((tool) => readTool(tool, notes));
  const toolChoice = readChoice(config, notes);
  config.end();
  return { tools, toolChoice };
}

type Output = Pick<FormRequest, 'responseFormat' | 'thinking'>;

function readOutput(body: Members, notes: Notes): Output {
  const output = body.object('outputConfig');
  if (output === undefined) return { responseFormat: undefined, thinking: undefined };
  const read = { responseFormat: readFormat(output, notes), thinking: readEffort(output, notes) };
  output.end();
  return read;
}

export function readConverseRequest(request: WireRequest): Result<FormRequest> {
  const notes = new Notes();
  const place = readPlace(request.path);
  if (place === undefined) notes.block('path', 'is no chat of this API');
  const body = new Members(request.body, '', notes);
  body.refuse('is a guard that Bedrock alone has', 'guardrailConfig');
  body.refuse('fills in a prompt that Bedrock alone has', 'promptVariables');
  body.ignore('modelId');
  const system = readSystem(body.objects('system'), notes);
  const messages = readMessages(body, system, notes);
  const { thinking, topK, parallelToolCalls } = readModelFields(body, notes);
  const output = readOutput(body, notes);
  const read: FormRequest = {
    model: place?.model ?? '',
    stream: place?.stream ?? false,
    asksUsage: true,
    system,
    messages,
    ...readTools(body, notes),
    parallelToolCalls,
    ...readSampling(body, notes),
    topK,
    seed: undefined,
    presencePenalty: undefined,
    frequencyPenalty: undefined,
    responseFormat: output.responseFormat,
    thinking: output.thinking ?? thinking,
    user: undefined,
  };
  body.end();
  return notes.resultOf(read);
}
