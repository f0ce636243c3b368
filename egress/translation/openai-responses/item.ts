/** Items of an answer: a part each. Pure. */
import { asObjects, type JsonObject } from '../../providers/index.ts';
import { textOf } from '../count.ts';
import type { Part } from '../form.ts';
import { compact } from '../json.ts';
import { markSignature, shownSignature } from '../signature.ts';

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

function joined(list: unknown): string {
  return asObjects(list)
    .map(({ text }) => textOf(text) ?? '')
    .join('\n\n');
}

/** What was thought: in full where the server tells it, or as a summary. */
export function thoughtOf(item: JsonObject): string {
  return joined(item['content']) || joined(item['summary']);
}

export function signatureOf(item: JsonObject): string | undefined {
  const signature = textOf(item['encrypted_content']);
  return signature === undefined || signature === '' ? undefined : markSignature('openai', signature);
}

function readContent(content: JsonObject): Part[] {
  const text = textOf(content['text']);
  const refusal = textOf(content['refusal']);
  if (content['type'] === 'refusal') return [{ kind: 'refusal', text: refusal ?? '' }];
  return text === undefined ? [] : [{ kind: 'text', text }];
}

/** Parts of an item; none of one that is not of the form. */
export function readItem(item: JsonObject): Part[] {
  switch (item['type']) {
    case 'message':
      return asObjects(item['content']).flatMap(readContent);
    case 'reasoning':
      return [{ kind: 'thinking', text: thoughtOf(item), signature: signatureOf(item), redacted: undefined }];
    case 'function_call':
      return [
        {
          kind: 'tool-call',
          id: textOf(item['call_id']) ?? textOf(item['id']) ?? '',
          name: textOf(item['name']) ?? '',
          arguments: textOf(item['arguments']) ?? '',
          signature: undefined,
        },
      ];
    default:
      return [];
  }
}

/** undefined: it cannot be said. `id`: unique in the answer, without its prefix. */
export function writeItem(part: Part, id: string, status: ItemStatus): JsonObject | undefined {
  switch (part.kind) {
    case 'text':
    case 'refusal':
      return { id: `msg_${id}`, type: 'message', status, role: 'assistant', content: [writeContent(part)] };
    case 'thinking': {
      if (part.redacted !== undefined) return undefined;
      const summary = part.text === '' ? [] : [{ type: 'summary_text', text: part.text }];
      const encrypted = part.signature === undefined ? undefined : shownSignature('openai', part.signature);
      return compact({ id: `rs_${id}`, type: 'reasoning', summary, encrypted_content: encrypted });
    }
    case 'tool-call':
      return {
        id: `fc_${id}`,
        type: 'function_call',
        status,
        call_id: part.id,
        name: part.name,
        arguments: part.arguments,
      };
    case 'image':
    case 'audio':
    case 'file':
    case 'tool-result':
      return undefined;
  }
}

export function writeContent(part: Extract<Part, { kind: 'text' | 'refusal' }>): JsonObject {
  return part.kind === 'text'
    ? { type: 'output_text', text: part.text, annotations: [], logprobs: [] }
    : { type: 'refusal', refusal: part.text };
}
