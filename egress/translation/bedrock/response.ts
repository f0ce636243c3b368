/** Answers that come whole. Pure; blocks that are in none of the form's words are passed over. */
import { asObject, asObjects, type JsonObject } from '../../providers/index.ts';
import { textOf } from '../count.ts';
import type { FormResponse, Part } from '../form.ts';
import { allOf, compact, jsonText, parseArguments } from '../json.ts';
import { markSignature, shownSignature } from '../signature.ts';
import { readFinish, writeFinish } from './finish.ts';
import { readConverseUsage, writeConverseUsage } from './usage.ts';

/** With the mark of who made it. */
export function signedOf(value: unknown): string | undefined {
  const text = textOf(value);
  return text === undefined ? undefined : markSignature('claude', text);
}

function readReasoning(reasoning: JsonObject): Part {
  const told = asObject(reasoning['reasoningText']);
  return {
    kind: 'thinking',
    text: textOf(told?.['text']) ?? '',
    signature: signedOf(told?.['signature']),
    redacted: signedOf(reasoning['redactedContent']),
  };
}

/** undefined: its input is nested too deep. */
function readCall(call: JsonObject): Part | undefined {
  const args = jsonText(call['input'] ?? {});
  const [id, name] = [textOf(call['toolUseId']) ?? '', textOf(call['name']) ?? ''];
  return args === undefined
    ? undefined
    : { kind: 'tool-call', id, name, arguments: args, signature: undefined };
}

function readBlock(block: JsonObject): Array<Part | undefined> {
  const text = textOf(block['text']);
  if (text !== undefined) return [{ kind: 'text', text }];
  const call = asObject(block['toolUse']);
  if (call !== undefined) return [readCall(call)];
  const reasoning = asObject(block['reasoningContent']);
  if (reasoning !== undefined) return [readReasoning(reasoning)];
  // With sources that no other API tells so; what was said stays.
  return asObjects(asObject(block['citationsContent'])?.['content']).flatMap(({ text: cited }) =>
    typeof cited === 'string' ? [{ kind: 'text', text: cited }] : [],
  );
}

export function readConverseResponse(body: JsonObject): FormResponse | undefined {
  const message = asObject(asObject(body['output'])?.['message']);
  const parts = message && allOf(asObjects(message['content']).flatMap(readBlock));
  if (parts === undefined) return undefined;
  return {
    id: undefined,
    model: undefined,
    parts,
    finish: readFinish(textOf(body['stopReason'])),
    stopSequence: undefined,
    usage: readConverseUsage(body),
  };
}

function writeThinking({ text, signature, redacted }: Extract<Part, { kind: 'thinking' }>): JsonObject {
  if (redacted !== undefined)
    return { reasoningContent: { redactedContent: shownSignature('claude', redacted) } };
  const shown = signature === undefined ? undefined : shownSignature('claude', signature);
  return { reasoningContent: { reasoningText: compact({ text, signature: shown }) } };
}

/** undefined: it cannot be said. */
function writeBlock(part: Part): JsonObject | undefined {
  switch (part.kind) {
    case 'text':
    case 'refusal':
      return { text: part.text };
    case 'thinking':
      return writeThinking(part);
    case 'tool-call': {
      const input = parseArguments(part.arguments);
      return input && { toolUse: { toolUseId: part.id, name: part.name, input } };
    }
    case 'image':
    case 'audio':
    case 'file':
    case 'tool-result':
      return undefined;
  }
}

export function writeConverseResponse(response: FormResponse): JsonObject {
  const blocks = response.parts.map((part) => ({ part, written: writeBlock(part) }));
  const isMalformed = blocks.some(({ part, written }) => part.kind === 'tool-call' && written === undefined);
  const content = blocks.flatMap(({ written }) => written ?? []);
  return compact({
    output: { message: { role: 'assistant', content } },
    stopReason: writeFinish(response.finish, isMalformed),
    usage: writeConverseUsage(response.usage),
    metrics: { latencyMs: 0 },
  });
}
