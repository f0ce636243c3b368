/** One item of a response's output, and the events that build it up in a stream. Pure. */
import type { Part } from '../answer.ts';
import type { Turn } from '../chat-api.ts';
import type { JsonObject } from '../json.ts';
import { idOf } from '../tokens.ts';

export type Event = readonly [type: string, fields: JsonObject, isPiece?: boolean];

function contentOf(part: Part & { readonly kind: 'text' | 'refusal' }, text: string): JsonObject {
  return part.kind === 'refusal'
    ? { type: 'refusal', refusal: text }
    : { type: 'output_text', text, annotations: [], logprobs: [] };
}

const prefixes = { thought: 'rs_', text: 'msg_', refusal: 'msg_', call: 'fc_' } as const;

/** `done`: as it is at its end; else as it begins. */
export function itemOf(part: Part, index: number, { request, answer }: Turn, done: boolean): JsonObject {
  const id = idOf(prefixes[part.kind], `${request.seed} ${index}`);
  const status = done ? (answer.finish === 'length' ? 'incomplete' : 'completed') : 'in_progress';
  switch (part.kind) {
    case 'thought':
      return { id, type: 'reasoning', summary: done ? [{ type: 'summary_text', text: part.text }] : [] };
    case 'call': {
      const given = done ? JSON.stringify(part.arguments) : '';
      const call_id = `call_${part.id}`;
      return { id, type: 'function_call', status, name: part.name, arguments: given, call_id };
    }
    case 'text':
    case 'refusal': {
      const content = done ? [contentOf(part, part.text)] : [];
      return { id, type: 'message', status, role: 'assistant', content };
    }
  }
}

function thoughtEvents(text: string, at: JsonObject): readonly Event[] {
  const place = { ...at, summary_index: 0 };
  const part = (said: string): JsonObject => ({ type: 'summary_text', text: said });
  return [
    ['response.reasoning_summary_part.added', { ...place, part: part('') }],
    ['response.reasoning_summary_text.delta', { ...place, delta: text }, true],
    ['response.reasoning_summary_text.done', { ...place, text }],
    ['response.reasoning_summary_part.done', { ...place, part: part(text) }],
  ];
}

function contentEvents(part: Part & { readonly kind: 'text' | 'refusal' }, at: JsonObject): readonly Event[] {
  const place = { ...at, content_index: 0 };
  const isText = part.kind === 'text';
  const name = isText ? 'response.output_text' : 'response.refusal';
  const more = isText ? { logprobs: [] } : {};
  return [
    ['response.content_part.added', { ...place, part: contentOf(part, '') }],
    ...part.pieces.map((delta): Event => [`${name}.delta`, { ...place, delta, ...more }, true]),
    [`${name}.done`, { ...place, ...(isText ? { text: part.text } : { refusal: part.text }), ...more }],
    ['response.content_part.done', { ...place, part: contentOf(part, part.text) }],
  ];
}

function callEvents(part: Part & { readonly kind: 'call' }, at: JsonObject): readonly Event[] {
  const given = JSON.stringify(part.arguments);
  const half = Math.ceil(given.length / 2);
  return [
    ...[given.slice(0, half), given.slice(half)].map((delta): Event => [
      'response.function_call_arguments.delta',
      { ...at, delta },
      true,
    ]),
    ['response.function_call_arguments.done', { ...at, name: part.name, arguments: given }],
  ];
}

function innerEvents(part: Part, at: JsonObject): readonly Event[] {
  switch (part.kind) {
    case 'thought':
      return thoughtEvents(part.text, at);
    case 'call':
      return callEvents(part, at);
    case 'text':
    case 'refusal':
      return contentEvents(part, at);
  }
}

export function itemEvents(part: Part, index: number, turn: Turn): readonly Event[] {
  const begun = itemOf(part, index, turn, false);
  return [
    ['response.output_item.added', { output_index: index, item: begun }],
    ...innerEvents(part, { item_id: begun['id'], output_index: index }),
    ['response.output_item.done', { output_index: index, item: itemOf(part, index, turn, true) }],
  ];
}
