/** A whole answer of chat completions, read and written. Pure. Of several choices the first is the answer: one was asked for. */
import { asObject, type JsonObject } from '../../providers/index.ts';
import type { StreamContext } from '../codec.ts';
import type { Finish, FormResponse, Part } from '../form.ts';
import { readUsage, writeUsage } from './usage.ts';

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function finishOf(reason: unknown, hasCalls: boolean): Finish {
  switch (reason) {
    case 'length':
      return 'length';
    case 'content_filter':
      return 'content-filter';
    case 'tool_calls':
    case 'function_call':
      return 'tool-calls';
    case 'stop':
      // Some servers say so beside calls.
      return hasCalls ? 'tool-calls' : 'stop';
    default:
      return 'other';
  }
}

const reasonOf: Readonly<Record<Finish, string>> = {
  stop: 'stop',
  'stop-sequence': 'stop',
  length: 'length',
  'tool-calls': 'tool_calls',
  'content-filter': 'content_filter',
  refusal: 'content_filter',
  other: 'stop',
};

/** What the model refuses in words it has ended with `stop`. */
export function writeFinish(finish: Finish, hasRefused: boolean): string {
  return finish === 'refusal' && hasRefused ? 'stop' : reasonOf[finish];
}

/** What vLLM, DeepSeek and others tell of the thinking of their models. */
export function thoughtOf(message: JsonObject): string | undefined {
  return textOf(message['reasoning_content']) ?? textOf(message['reasoning']);
}

function readCall(value: unknown, index: number): Part[] {
  const call = asObject(value);
  const named = asObject(call?.['function']);
  if (named === undefined) return [];
  return [
    {
      kind: 'tool-call',
      id: textOf(call?.['id']) ?? `call_${index}`,
      name: textOf(named['name']) ?? '',
      arguments: textOf(named['arguments']) ?? '{}',
      signature: undefined,
    },
  ];
}

function readParts(message: JsonObject): Part[] {
  const thought = thoughtOf(message);
  const [text, refusal, calls] = [
    textOf(message['content']),
    textOf(message['refusal']),
    message['tool_calls'],
  ];
  return [
    ...(thought === undefined
      ? []
      : [{ kind: 'thinking', text: thought, signature: undefined, redacted: undefined } as const]),
    ...(text === undefined ? [] : [{ kind: 'text', text } as const]),
    ...(refusal === undefined ? [] : [{ kind: 'refusal', text: refusal } as const]),
    ...(Array.isArray(calls) ? calls.flatMap(readCall) : []),
  ];
}

export function readOpenAiResponse(body: JsonObject): FormResponse | undefined {
  const choices = body['choices'];
  const choice = Array.isArray(choices) ? asObject(choices[0]) : undefined;
  const message = asObject(choice?.['message']);
  if (choice === undefined || message === undefined) return undefined;
  const parts = readParts(message);
  const finish = finishOf(
    choice['finish_reason'],
    parts.some(({ kind }) => kind === 'tool-call'),
  );
  const hasRefused = parts.some(({ kind }) => kind === 'refusal');
  // vLLM names the text it stopped at.
  const stopSequence = textOf(choice['stop_reason']);
  return {
    id: textOf(body['id']),
    model: textOf(body['model']),
    parts,
    finish:
      finish !== 'stop'
        ? finish
        : hasRefused
          ? 'refusal'
          : stopSequence === undefined
            ? 'stop'
            : 'stop-sequence',
    stopSequence,
    usage: readUsage(body['usage']),
  };
}

function joined(parts: readonly Part[], kind: 'text' | 'thinking' | 'refusal'): string | undefined {
  const texts = parts.flatMap((part) => (part.kind === kind && 'text' in part ? [part.text] : []));
  return texts.length === 0 ? undefined : texts.join('');
}

export function writeOpenAiResponse(
  response: FormResponse,
  { model, id, created }: StreamContext,
): JsonObject {
  const { parts, finish, usage } = response;
  const calls = parts.filter((part) => part.kind === 'tool-call');
  const thought = joined(parts, 'thinking');
  const refusal = joined(parts, 'refusal');
  const message = {
    role: 'assistant',
    content: joined(parts, 'text') ?? null,
    refusal: refusal ?? null,
    ...(thought === undefined || thought === '' ? {} : { reasoning_content: thought }),
    ...(calls.length === 0
      ? {}
      : {
          tool_calls: calls.map((call) => ({
            id: call.id,
            type: 'function',
            function: { name: call.name, arguments: call.arguments },
          })),
        }),
  };
  const reason = writeFinish(finish, refusal !== undefined);
  return {
    id: response.id ?? id,
    object: 'chat.completion',
    created,
    model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: reason }],
    ...(usage === undefined ? {} : { usage: writeUsage(usage) }),
  };
}
