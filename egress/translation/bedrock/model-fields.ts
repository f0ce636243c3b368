/**
 * additionalModelRequestFields: what Converse has no member for is said in the model's own words. Those that are known here are read and
 * written; any other would be lost, so it is refused. Pure.
 */
import type { JsonObject } from '../../providers/index.ts';
import { readThinking, writeThinking } from '../anthropic/thinking.ts';
import type { FormRequest, Thinking } from '../form.ts';
import type { Members } from '../members.ts';
import type { Notes } from '../notes.ts';
import { compact } from '../json.ts';

export interface ModelFields {
  readonly topK: number | undefined;
  readonly thinking: Thinking | undefined;
  readonly parallelToolCalls: boolean | undefined;
}

function thinkingOf(fields: Members, notes: Notes): Thinking | undefined {
  const thinking = fields.object('thinking') ?? fields.object('reasoning_config');
  if (thinking === undefined) return undefined;
  const read = readThinking(thinking);
  if (read === undefined) notes.block(thinking.pathOf('type'), 'is no way of thinking that is known');
  return read === 'adaptive' ? undefined : read;
}

export function readModelFields(body: Members, notes: Notes): ModelFields {
  const fields = body.object('additionalModelRequestFields');
  if (fields === undefined) return { topK: undefined, thinking: undefined, parallelToolCalls: undefined };
  const choice = fields.object('tool_choice');
  const disabled = choice?.flag('disable_parallel_tool_use');
  const read: ModelFields = {
    topK: fields.number('top_k'),
    thinking: thinkingOf(fields, notes),
    parallelToolCalls: disabled === undefined ? undefined : !disabled,
  };
  fields.ignore('anthropic_beta');
  for (const name of fields.rest()) notes.block(fields.pathOf(name), "is one model's own");
  return read;
}

export function isClaude(model: string): boolean {
  return model.includes('claude');
}

/** Anthropic's word for the choice that the request makes already. */
function writeChoice({ toolChoice }: FormRequest): JsonObject {
  const disabled = { disable_parallel_tool_use: true };
  if (toolChoice?.kind === 'tool') return { type: 'tool', name: toolChoice.name, ...disabled };
  return { type: toolChoice?.kind === 'any' ? 'any' : 'auto', ...disabled };
}

export interface WrittenFields {
  readonly fields: JsonObject | undefined;
  readonly effort: string | undefined;
}

function writeClaude(request: FormRequest, notes: Notes): WrittenFields {
  const isSingle = request.parallelToolCalls === false && request.tools.length > 0;
  const off = request.thinking?.kind === 'off' ? { type: 'disabled' } : undefined;
  const { thinking, effort } = writeThinking(request, notes);
  const fields = compact({
    top_k: request.topK,
    thinking: thinking ?? off,
    tool_choice: isSingle ? writeChoice(request) : undefined,
  });
  return { fields: Object.keys(fields).length === 0 ? undefined : fields, effort };
}

export function writeModelFields(request: FormRequest, notes: Notes): WrittenFields {
  if (isClaude(request.model)) return writeClaude(request, notes);
  if (request.parallelToolCalls === false && request.tools.length > 0) {
    notes.block('parallelToolCalls', 'cannot be switched off for this model of Bedrock');
  }
  if (request.topK !== undefined) notes.drop('topK');
  if (request.thinking !== undefined && request.thinking.kind !== 'off') notes.drop('thinking');
  return { fields: undefined, effort: undefined };
}
