/** Answers that come whole, and the object that events of a stream carry. Pure. */
import { asObject, asObjects, type JsonObject } from '../../providers/index.ts';
import type { StreamContext } from '../codec.ts';
import { textOf } from '../count.ts';
import type { Finish, FormResponse, Part, Usage } from '../form.ts';
import { readItem, writeItem } from './item.ts';
import { readResponsesUsage, writeResponsesUsage } from './usage.ts';

/** What it ended by, of a response that did. */
export function readFinish(response: JsonObject, kinds: ReadonlySet<Part['kind']>): Finish {
  const reason = textOf(asObject(response['incomplete_details'])?.['reason']);
  if (reason === 'max_output_tokens') return 'length';
  if (reason === 'content_filter') return 'content-filter';
  if (response['status'] !== 'completed') return 'other';
  if (kinds.has('tool-call')) return 'tool-calls';
  return kinds.has('refusal') ? 'refusal' : 'stop';
}

export function readResponsesResponse(body: JsonObject): FormResponse | undefined {
  if (!Array.isArray(body['output']) || body['status'] === 'failed') return undefined;
  const parts = asObjects(body['output']).flatMap(readItem);
  return {
    id: textOf(body['id']),
    model: textOf(body['model']),
    parts,
    finish: readFinish(body, new Set(parts.map(({ kind }) => kind))),
    stopSequence: undefined,
    usage: readResponsesUsage(body),
  };
}

const reasons: ReadonlyMap<Finish, string> = new Map<Finish, string>([
  ['length', 'max_output_tokens'],
  ['content-filter', 'content_filter'],
]);

export function isIncomplete(finish: Finish): boolean {
  return reasons.has(finish);
}

export interface Written {
  readonly id: string;
  readonly status: 'in_progress' | 'completed' | 'incomplete' | 'failed';
  readonly output: readonly JsonObject[];
  readonly finish: Finish;
  readonly usage: Usage | undefined;
  readonly error?: JsonObject;
}

/** With every member that the API promises, since SDKs count on them. */
export function writeObject(written: Written, context: StreamContext): JsonObject {
  const reason = written.status === 'incomplete' ? reasons.get(written.finish) : undefined;
  return {
    id: written.id,
    object: 'response',
    created_at: context.created,
    status: written.status,
    background: false,
    error: written.error ?? null,
    incomplete_details: reason === undefined ? null : { reason },
    instructions: null,
    max_output_tokens: null,
    metadata: {},
    model: context.model,
    output: written.output,
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: false,
    temperature: null,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: null,
    truncation: 'disabled',
    usage: writeResponsesUsage(written.usage),
    user: null,
  };
}

export function writeResponsesResponse(response: FormResponse, context: StreamContext): JsonObject {
  const id = response.id ?? context.id;
  const status = isIncomplete(response.finish) ? 'incomplete' : 'completed';
  const output = response.parts
    .map((part, at) => writeItem(part, `${id}_${at}`, 'completed'))
    .filter((item) => item !== undefined);
  return writeObject({ ...response, id, status, output }, context);
}
