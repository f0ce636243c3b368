/** A whole answer of messages, read and written. Pure. */
import { asObject, type JsonObject } from '../../providers/index.ts';
import type { StreamContext } from '../codec.ts';
import type { Finish, FormResponse, Part } from '../form.ts';
import { allOf, parseArguments } from '../json.ts';
import { noUsage } from '../merge-usage.ts';
import { markSignature, shownSignature } from '../signature.ts';
import { argumentsOf } from './block-reader.ts';
import { UsageSum, writeUsage } from './usage.ts';

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Of the upstream's own, as the form has it. */
export function signedOf(value: unknown): string | undefined {
  const text = textOf(value);
  return text === undefined ? undefined : markSignature('claude', text);
}

const finishes: ReadonlyMap<unknown, Finish> = new Map<unknown, Finish>([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop-sequence'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool-calls'],
  ['refusal', 'refusal'],
]);

export function finishOf(reason: unknown): Finish {
  return finishes.get(reason) ?? 'other';
}

const reasonOf: Readonly<Record<Finish, string>> = {
  stop: 'end_turn',
  'stop-sequence': 'stop_sequence',
  length: 'max_tokens',
  'tool-calls': 'tool_use',
  'content-filter': 'refusal',
  refusal: 'refusal',
  other: 'end_turn',
};

/** Without the text it stopped at, which Anthropic always names, it has just ended. */
export function writeStop(finish: Finish, stopSequence: string | undefined): JsonObject {
  const isNamed = finish !== 'stop-sequence' || stopSequence !== undefined;
  return { stop_reason: isNamed ? reasonOf[finish] : 'end_turn', stop_sequence: stopSequence ?? null };
}

function readCall(block: JsonObject): Part | undefined {
  const args = argumentsOf(asObject(block['input']));
  const [id, name] = [textOf(block['id']) ?? '', textOf(block['name']) ?? ''];
  return args === undefined
    ? undefined
    : { kind: 'tool-call', id, name, arguments: args, signature: undefined };
}

/** Blocks of Anthropic's own tools are left out: none was asked for. undefined: a call whose input is nested too deep. */
function readBlock(value: unknown): Array<Part | undefined> {
  const block = asObject(value);
  switch (block?.['type']) {
    case 'text':
      return [{ kind: 'text', text: textOf(block['text']) ?? '' }];
    case 'tool_use':
      return [readCall(block)];
    case 'thinking': {
      const text = textOf(block['thinking']) ?? '';
      return [{ kind: 'thinking', text, signature: signedOf(block['signature']), redacted: undefined }];
    }
    case 'redacted_thinking':
      return [{ kind: 'thinking', text: '', signature: undefined, redacted: signedOf(block['data']) }];
    default:
      return [];
  }
}

export function readAnthropicResponse(body: JsonObject): FormResponse | undefined {
  const { content } = body as { readonly content?: unknown };
  if (!Array.isArray(content) || body['type'] === 'error') return undefined;
  const parts = allOf(content.flatMap(readBlock));
  if (parts === undefined) return undefined;
  return {
    id: textOf(body['id']),
    model: textOf(body['model']),
    parts,
    finish: finishOf(body['stop_reason']),
    stopSequence: textOf(body['stop_sequence']),
    usage: new UsageSum().add(body['usage']),
  };
}

function writeBlock(part: Part): JsonObject[] {
  switch (part.kind) {
    case 'text':
    case 'refusal':
      return [{ type: 'text', text: part.text }];
    case 'thinking': {
      const { text, signature, redacted } = part;
      if (redacted !== undefined)
        return [{ type: 'redacted_thinking', data: shownSignature('claude', redacted) }];
      return [{ type: 'thinking', thinking: text, signature: shownSignature('claude', signature ?? '') }];
    }
    case 'tool-call': {
      // What a model wrote that is no object can be said to no tool; its schema refuses the empty one.
      const input = parseArguments(part.arguments) ?? {};
      return [{ type: 'tool_use', id: part.id, name: part.name, input }];
    }
    case 'image':
    case 'audio':
    case 'file':
    case 'tool-result':
      return [];
    default:
      return part satisfies never;
  }
}

export function writeAnthropicResponse(response: FormResponse, { model, id }: StreamContext): JsonObject {
  return {
    id: response.id ?? id,
    type: 'message',
    role: 'assistant',
    model,
    content: response.parts.flatMap(writeBlock),
    ...writeStop(response.finish, response.stopSequence),
    usage: writeUsage(response.usage ?? noUsage),
  };
}
