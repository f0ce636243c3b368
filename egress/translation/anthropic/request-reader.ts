/** A messages request into the form. Pure. What only Anthropic does, and changes the answer, is refused. */
import type { JsonObject } from '../../providers/index.ts';
import type { Result } from '../codec.ts';
import type { FormRequest, Message, ResponseFormat, TextPart, Thinking, Tool, ToolChoice } from '../form.ts';
import { Members } from '../members.ts';
import { Notes } from '../notes.ts';
import { readBlock, readBlocks, readSystem } from './block-reader.ts';
import { readThinking } from './thinking.ts';

interface Conversation {
  readonly system: readonly TextPart[];
  readonly messages: readonly Message[];
}

function readConversation(body: Members, notes: Notes): Conversation {
  const system = readSystem(body, 'system', notes);
  const messages = body.objects('messages').flatMap((message): Message[] => {
    const role = message.text('role');
    if (role === 'system') {
      notes.drop('messages[].role=system (its place)');
      for (const part of readSystem(message, 'content', notes)) system.push(part);
    }
    const isTurn = role === 'user' || role === 'assistant';
    if (!isTurn && role !== 'system') notes.block(message.pathOf('role'), 'is neither user nor assistant');
    const parts = isTurn ? readBlocks(message, 'content', (block) => readBlock(block, notes), notes) : [];
    message.end();
    return isTurn ? [{ role, parts }] : [];
  });
  return { system, messages };
}

function readTool(tool: Members, notes: Notes): Tool[] {
  const type = tool.text('type') ?? 'custom';
  if (type !== 'custom') {
    notes.block(tool.pathOf('type'), `"${type.slice(0, 40)}" is a tool of Anthropic's own`);
    return [];
  }
  const read = {
    name: tool.text('name') ?? '',
    description: tool.text('description'),
    parameters: tool.json('input_schema'),
    strict: tool.flag('strict'),
  };
  tool.end();
  return [read];
}

interface Choice {
  readonly toolChoice: ToolChoice | undefined;
  readonly parallelToolCalls: boolean | undefined;
}

function readChoice(body: Members, notes: Notes): Choice {
  const choice = body.object('tool_choice');
  if (choice === undefined) return { toolChoice: undefined, parallelToolCalls: undefined };
  const kind = choice.text('type');
  const name = choice.text('name');
  const isAlone = choice.flag('disable_parallel_tool_use');
  choice.end();
  const parallelToolCalls = isAlone === undefined ? undefined : !isAlone;
  if (kind === 'auto' || kind === 'any' || kind === 'none')
    return { toolChoice: { kind }, parallelToolCalls };
  if (kind === 'tool' && name !== undefined) return { toolChoice: { kind, name }, parallelToolCalls };
  notes.block('tool_choice', 'chooses in a way that cannot be translated');
  return { toolChoice: undefined, parallelToolCalls };
}

function readEffort(config: Members | undefined, notes: Notes): Thinking | undefined {
  const effort = config?.text('effort');
  if (effort === undefined) return undefined;
  if (effort === 'low' || effort === 'medium' || effort === 'high') return { kind: 'effort', effort };
  notes.drop('output_config.effort (as high)');
  return { kind: 'effort', effort: 'high' };
}

/** `effort`: how much adaptive thinking may think. */
function thinkingOf(body: Members, effort: Thinking | undefined, notes: Notes): Thinking | undefined {
  const thinking = body.object('thinking');
  if (thinking === undefined) return effort;
  const read = readThinking(thinking);
  if (read === 'adaptive') return effort ?? { kind: 'effort', effort: 'high' };
  if (read === undefined) notes.block('thinking', 'is of a type that cannot be translated');
  return read;
}

function formatOf(format: Members | undefined, notes: Notes): ResponseFormat | undefined {
  if (format === undefined) return undefined;
  const schema = format.text('type') === 'json_schema' ? format.json('schema') : undefined;
  if (schema !== undefined) return { kind: 'json-schema', name: 'response', schema, strict: true };
  notes.block(format.path, 'is no format that can be translated');
  return undefined;
}

function refuseOwn(body: Members, notes: Notes): void {
  if (body.list('mcp_servers').length > 0) notes.block('mcp_servers', 'makes Anthropic call MCP servers');
  body.refuse('is a machine at Anthropic', 'container');
}

function userOf(body: Members): string | undefined {
  const metadata = body.object('metadata');
  const user = metadata?.text('user_id');
  metadata?.end();
  return user;
}

export function readAnthropicRequest(object: JsonObject): Result<FormRequest> {
  const notes = new Notes();
  const body = new Members(object, '', notes);
  refuseOwn(body, notes);
  const config = body.object('output_config');
  const effort = readEffort(config, notes);
  const older = body.object('output_format');
  const read: FormRequest = {
    model: body.text('model') ?? '',
    stream: body.flag('stream') === true,
    asksUsage: true,
    ...readConversation(body, notes),
    tools: body.objects('tools').flatMap((tool) => readTool(tool, notes)),
    ...readChoice(body, notes),
    maxOutputTokens: body.number('max_tokens'),
    temperature: body.number('temperature'),
    topP: body.number('top_p'),
    topK: body.number('top_k'),
    stop: body.list('stop_sequences').filter((each) => typeof each === 'string'),
    seed: undefined,
    presencePenalty: undefined,
    frequencyPenalty: undefined,
    responseFormat: formatOf(config?.object('format') ?? older, notes),
    thinking: thinkingOf(body, effort, notes),
    user: userOf(body),
  };
  if (read.model === '') notes.block('model', 'is missing');
  if (read.messages.length === 0) notes.block('messages', 'holds no message of a user');
  config?.end();
  body.end();
  return notes.resultOf(read);
}
