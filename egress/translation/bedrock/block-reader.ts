/** Content blocks as the agent sent them, into the form. Pure. A block has one member, which says what it is. */
import { textOf } from '../count.ts';
import type { Media, Part } from '../form.ts';
import { jsonText } from '../json.ts';
import type { Members } from '../members.ts';
import type { Notes } from '../notes.ts';
import { signedOf } from './response.ts';
import { mediaTypeOf, type MediaFamily } from './formats.ts';

/** undefined: it says nothing. */
type Reader = (value: Members, notes: Notes) => Part | undefined;

function readSource(source: Members): string | undefined {
  source.refuse('is a place that Bedrock alone reads', 's3Location', 'content');
  const text = source.text('text');
  const data = text === undefined ? source.text('bytes') : Buffer.from(text).toString('base64');
  source.end();
  return data;
}

function readMedia(block: Members, family: MediaFamily, notes: Notes): Media {
  const mediaType = mediaTypeOf(family, block.text('format') ?? '');
  if (mediaType === undefined) notes.block(block.pathOf('format'), 'is no format that is known');
  const source = block.object('source');
  const data = source && readSource(source);
  if (data === undefined) notes.block(block.pathOf('source'), 'has no bytes');
  return { kind: 'base64', mediaType: mediaType ?? '', data: data ?? '' };
}

function readDocument(block: Members, notes: Notes): Part {
  return { kind: 'file', media: readMedia(block, 'document', notes), name: block.text('name') };
}

function readCall(block: Members, notes: Notes): Part {
  block.refuse('is of a tool that Bedrock carries out itself', 'type');
  const args = jsonText(block.any('input') ?? {});
  if (args === undefined) notes.block(block.pathOf('input'), 'is nested too deep');
  return {
    kind: 'tool-call',
    id: block.text('toolUseId') ?? '',
    name: block.text('name') ?? '',
    arguments: args ?? '{}',
    signature: undefined,
  };
}

function readReasoning(block: Members): Part {
  const redacted = signedOf(block.text('redactedContent'));
  const told = block.object('reasoningText');
  const signature = signedOf(told?.text('signature'));
  const text = told?.text('text') ?? '';
  told?.end();
  return { kind: 'thinking', text, signature, redacted };
}

const blocks: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  [
    'image',
    (block, notes) => ({ kind: 'image', media: readMedia(block, 'image', notes), detail: undefined }),
  ],
  ['audio', (block, notes) => ({ kind: 'audio', media: readMedia(block, 'audio', notes) })],
  ['document', readDocument],
  ['toolUse', readCall],
  ['toolResult', readResult],
  ['reasoningContent', readReasoning],
]);
/** Results hold less than messages: none holds another. */
const inResult = new Set(['image', 'document']);

function readText(block: Members): Part | undefined {
  const text = block.text('text');
  return text === undefined ? undefined : { kind: 'text', text };
}

/** A block of one of these kinds; undefined: it is of none. */
function readKind(block: Members, kinds: Iterable<string>, notes: Notes): Part | undefined {
  for (const kind of kinds) {
    const value = block.object(kind);
    if (value === undefined) continue;
    const part = blocks.get(kind)?.(value, notes);
    value.end();
    return part;
  }
  return undefined;
}

function readResultBlock(block: Members, notes: Notes): Part | undefined {
  const json = block.any('json');
  if (json === undefined) return readText(block) ?? readKind(block, inResult, notes);
  const text = jsonText(json);
  if (text === undefined) notes.block(block.pathOf('json'), 'is nested too deep');
  return { kind: 'text', text: text ?? '' };
}

function readResult(block: Members, notes: Notes): Part {
  block.ignore('type');
  const parts = block.objects('content').flatMap((content) => {
    const part = readResultBlock(content, notes);
    if (part === undefined) notes.block(content.path, 'is of no kind that is translated');
    content.end();
    return part ?? [];
  });
  const isError = textOf(block.any('status')) === 'error';
  return { kind: 'tool-result', id: block.text('toolUseId') ?? '', name: undefined, parts, isError };
}

/** undefined: it says nothing. */
export function readBlock(block: Members, notes: Notes): Part | undefined {
  if (block.any('cachePoint') !== undefined) {
    notes.drop(block.pathOf('cachePoint'));
    return undefined;
  }
  const part = readText(block) ?? readKind(block, blocks.keys(), notes);
  if (part === undefined) notes.block(block.path, 'is of no kind that is translated');
  block.end();
  return part;
}
