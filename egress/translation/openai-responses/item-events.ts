/** The events around one item of a streamed answer. Pure: a table of what the API sends at its beginning, in it and at its end. */
import type { JsonObject } from '../../providers/index.ts';
import type { Part, PartStart } from '../form.ts';
import { writeContent, writeItem } from './item.ts';

export type ItemEvent = readonly [type: string, members: JsonObject];

export interface ItemPlace {
  /** Without the prefix of its kind. */
  readonly id: string;
  readonly index: number;
}

const prefixes: Readonly<Record<PartStart['kind'], string>> = {
  text: 'msg',
  refusal: 'msg',
  thinking: 'rs',
  'tool-call': 'fc',
};

function at(kind: PartStart['kind'], { id, index }: ItemPlace): JsonObject {
  return { item_id: `${prefixes[kind]}_${id}`, output_index: index };
}

/** The item as it is added: its contents come after it. */
function emptyItem(part: Part, { id }: ItemPlace): JsonObject | undefined {
  const item = writeItem(part, id, 'in_progress');
  return part.kind === 'text' || part.kind === 'refusal' ? { ...item, content: [] } : item;
}

function begin(part: Part, place: ItemPlace): ItemEvent[] {
  const added: ItemEvent = [
    'response.output_item.added',
    { output_index: place.index, item: emptyItem(part, place) },
  ];
  if (part.kind !== 'text' && part.kind !== 'refusal') return [added];
  const content = { ...at(part.kind, place), content_index: 0, part: writeContent(part) };
  return [added, ['response.content_part.added', content]];
}

interface Delta extends ItemPlace {
  readonly text: string;
  readonly isFirst: boolean;
}

function delta(kind: PartStart['kind'], { text, isFirst, ...place }: Delta): ItemEvent[] {
  const members = { ...at(kind, place), delta: text };
  switch (kind) {
    case 'text':
      return [['response.output_text.delta', { ...members, content_index: 0, logprobs: [] }]];
    case 'refusal':
      return [['response.refusal.delta', { ...members, content_index: 0 }]];
    case 'tool-call':
      return [['response.function_call_arguments.delta', members]];
    case 'thinking': {
      const part = { type: 'summary_text', text: '' };
      const added: ItemEvent = [
        'response.reasoning_summary_part.added',
        { ...at(kind, place), summary_index: 0, part },
      ];
      const said: ItemEvent = ['response.reasoning_summary_text.delta', { ...members, summary_index: 0 }];
      return isFirst ? [added, said] : [said];
    }
  }
}

function spoken(part: Extract<Part, { kind: 'text' | 'refusal' }>, place: ItemPlace): ItemEvent[] {
  const members = { ...at(part.kind, place), content_index: 0 };
  const done: ItemEvent =
    part.kind === 'text'
      ? ['response.output_text.done', { ...members, text: part.text, logprobs: [] }]
      : ['response.refusal.done', { ...members, refusal: part.text }];
  return [done, ['response.content_part.done', { ...members, part: writeContent(part) }]];
}

function thought(text: string, place: ItemPlace): ItemEvent[] {
  if (text === '') return [];
  const members = { ...at('thinking', place), summary_index: 0 };
  return [
    ['response.reasoning_summary_text.done', { ...members, text }],
    ['response.reasoning_summary_part.done', { ...members, part: { type: 'summary_text', text } }],
  ];
}

function inner(part: Part, place: ItemPlace): ItemEvent[] {
  if (part.kind === 'text' || part.kind === 'refusal') return spoken(part, place);
  if (part.kind === 'thinking') return thought(part.text, place);
  if (part.kind !== 'tool-call') return [];
  const members = { ...at(part.kind, place), name: part.name, arguments: part.arguments };
  return [['response.function_call_arguments.done', members]];
}

function end(part: Part, place: ItemPlace): ItemEvent[] {
  const item = writeItem(part, place.id, 'completed');
  return [...inner(part, place), ['response.output_item.done', { output_index: place.index, item }]];
}

export const itemEvents = { begin, delta, end };
