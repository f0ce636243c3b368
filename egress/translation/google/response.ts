/** Answers that come whole. Pure; what is in none of the form's words is passed over. */
import { asObject, asObjects, type JsonObject } from '../../providers/index.ts';
import type { StreamContext } from '../codec.ts';
import { textOf } from '../count.ts';
import type { FormResponse, Part } from '../form.ts';
import { compact, jsonText, parseArguments } from '../json.ts';
import { markSignature, shownSignature } from '../signature.ts';
import { readFinish, writeFinish } from './finish.ts';
import { partOfMedia } from './part-reader.ts';
import { writeMedia } from './part-writer.ts';
import { readGoogleUsage, writeGoogleUsage } from './usage.ts';

function markOf(part: JsonObject): string | undefined {
  const signature = textOf(part['thoughtSignature']);
  return signature === undefined ? undefined : markSignature('google', signature);
}

function readText(part: JsonObject, text: string): Part {
  if (part['thought'] !== true) return { kind: 'text', text };
  return { kind: 'thinking', text, signature: markOf(part), redacted: undefined };
}

function readCall(part: JsonObject, call: JsonObject, id: string): Part | 'too-deep' {
  const args = jsonText(asObject(call['args']) ?? {});
  if (args === undefined) return 'too-deep';
  return {
    kind: 'tool-call',
    id: textOf(call['id']) || id,
    name: textOf(call['name']) ?? '',
    arguments: args,
    signature: markOf(part),
  };
}

/** `id`: for a call that has none. undefined: it is none of the form's; `too-deep`: what no JSON can say again. */
export function readAnswerPart(part: JsonObject, id: string): Part | 'too-deep' | undefined {
  const text = textOf(part['text']);
  if (text !== undefined) return readText(part, text);
  const call = asObject(part['functionCall']);
  if (call !== undefined) return readCall(part, call, id);
  const inline = asObject(part['inlineData']);
  const data = textOf(inline?.['data']);
  if (data === undefined) return undefined;
  return partOfMedia({ kind: 'base64', mediaType: textOf(inline?.['mimeType']) ?? '', data });
}

/** The first candidate; undefined: there is none. */
export function candidateOf(body: JsonObject): JsonObject | undefined {
  return asObjects(body['candidates'])[0];
}

export function partsOf(candidate: JsonObject | undefined): JsonObject[] {
  return asObjects(asObject(candidate?.['content'])?.['parts']);
}

/** Google made no candidate since it did not like the question. */
export function isBlocked(body: JsonObject): boolean {
  return textOf(asObject(body['promptFeedback'])?.['blockReason']) !== undefined;
}

export function readGoogleResponse(body: JsonObject): FormResponse | undefined {
  const candidate = candidateOf(body);
  const blocked = candidate === undefined && isBlocked(body);
  if (candidate === undefined && !blocked) return undefined;
  const id = textOf(body['responseId']);
  const read = partsOf(candidate).map((part, at) => readAnswerPart(part, `call_${id ?? ''}_${at}`));
  if (read.includes('too-deep')) return undefined;
  const parts = read.filter((part) => part !== undefined && part !== 'too-deep');
  const hasCalls = parts.some(({ kind }) => kind === 'tool-call');
  return {
    id,
    model: textOf(body['modelVersion']),
    parts: parts.filter((part) => part.kind !== 'text' || part.text !== ''),
    finish: blocked ? 'content-filter' : readFinish(textOf(candidate?.['finishReason']) ?? '', hasCalls),
    stopSequence: undefined,
    usage: readGoogleUsage(body),
  };
}

/** undefined: it cannot be said. */
export function writeAnswerPart(part: Part): JsonObject | undefined {
  switch (part.kind) {
    case 'text':
    case 'refusal':
      return { text: part.text };
    case 'thinking':
      return part.redacted === undefined
        ? compact({ text: part.text, thought: true, thoughtSignature: signatureFor(part.signature) })
        : undefined;
    case 'tool-call': {
      const args = parseArguments(part.arguments);
      if (args === undefined) return undefined;
      const functionCall = { id: part.id, name: part.name, args };
      return compact({ functionCall, thoughtSignature: signatureFor(part.signature) });
    }
    case 'image':
    case 'audio':
    case 'file':
      return writeMedia(part.media);
    case 'tool-result':
      return undefined;
  }
}

function signatureFor(marked: string | undefined): string | undefined {
  return marked === undefined ? undefined : shownSignature('google', marked);
}

export function writeGoogleResponse(response: FormResponse, context: StreamContext): JsonObject {
  const parts = response.parts.map((part) => ({ part, written: writeAnswerPart(part) }));
  const isMalformed = parts.some(({ part, written }) => part.kind === 'tool-call' && written === undefined);
  const content = { parts: parts.flatMap(({ written }) => written ?? []), role: 'model' };
  return compact({
    candidates: [{ content, finishReason: writeFinish(response.finish, isMalformed), index: 0 }],
    usageMetadata: writeGoogleUsage(response.usage),
    modelVersion: context.model,
    responseId: response.id ?? context.id,
  });
}
