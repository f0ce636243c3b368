/** Content blocks of a messages request into parts of the form. Pure. Blocks of tools that ran at Anthropic cannot go elsewhere. */
import type { JsonObject } from '../../providers/index.ts';
import type { Media, Part, TextPart } from '../form.ts';
import { jsonText } from '../json.ts';
import { objectsOf, type Members } from '../members.ts';
import type { Notes } from '../notes.ts';
import { markSignature } from '../signature.ts';

/** Text and blocks are written in one of two ways everywhere. */
export function readBlocks(
  owner: Members,
  name: string,
  read: (block: Members) => Part[],
  notes: Notes,
): Part[] {
  const content = owner.any(name);
  if (content === undefined) return [];
  if (typeof content === 'string') return [{ kind: 'text', text: content }];
  if (!Array.isArray(content)) notes.block(owner.pathOf(name), 'is neither text nor a list');
  const blocks: readonly unknown[] = Array.isArray(content) ? content : [];
  return objectsOf(blocks, owner.pathOf(name), notes).flatMap((block) => {
    const parts = read(block);
    block.end();
    return parts;
  });
}

function mediaOf(source: Members): Media | undefined {
  const [type, mediaType] = [source.text('type'), source.text('media_type')];
  const [data, url] = [source.text('data'), source.text('url')];
  source.end();
  if (type === 'base64' && data !== undefined) return { kind: 'base64', mediaType: mediaType ?? '', data };
  return type === 'url' && url !== undefined ? { kind: 'url', url, mediaType } : undefined;
}

function readSource(block: Members, notes: Notes): Media | undefined {
  const source = block.object('source');
  const media = source && mediaOf(source);
  if (media === undefined) {
    notes.block(block.pathOf('source'), 'is kept at Anthropic, or of a type that cannot be translated');
  }
  return media;
}

function readImage(block: Members, notes: Notes): Part[] {
  const media = readSource(block, notes);
  return media === undefined ? [] : [{ kind: 'image', media, detail: undefined }];
}

/** A document of plain text, or of blocks, is what it says. */
function readDocument(block: Members, notes: Notes): Part[] {
  const name = block.text('title');
  const source = block.json('source');
  const isText = source?.['type'] === 'text';
  if (isText && typeof source['data'] === 'string') return [{ kind: 'text', text: source['data'] }];
  if (source?.['type'] === 'content') {
    const owner = block.object('source');
    return owner === undefined ? [] : readBlocks(owner, 'content', (each) => readPlain(each, notes), notes);
  }
  const media = readSource(block, notes);
  return media === undefined ? [] : [{ kind: 'file', media, name }];
}

/** What may stand where a person or a tool speaks. */
function readPlain(block: Members, notes: Notes): Part[] {
  const type = block.text('type') ?? '';
  switch (type) {
    case 'text':
      return [{ kind: 'text', text: block.text('text') ?? '' }];
    case 'image':
      return readImage(block, notes);
    case 'document':
      return readDocument(block, notes);
    default:
      notes.block(block.pathOf('type'), `"${type.slice(0, 40)}" is no block that can be translated`);
      return [];
  }
}

function readResult(block: Members, notes: Notes): Part {
  return {
    kind: 'tool-result',
    id: block.text('tool_use_id') ?? '',
    name: undefined,
    parts: readBlocks(block, 'content', (each) => readPlain(each, notes), notes),
    isError: block.flag('is_error') === true,
  };
}

/** The input as JSON text; {} where there is none; undefined: it is nested too deep for any. */
export function argumentsOf(input: JsonObject | undefined): string | undefined {
  return jsonText(input ?? {});
}

function readCall(block: Members, notes: Notes): Part {
  const args = argumentsOf(block.json('input'));
  if (args === undefined) notes.block(block.pathOf('input'), 'is nested too deep');
  return {
    kind: 'tool-call',
    id: block.text('id') ?? '',
    name: block.text('name') ?? '',
    arguments: args ?? '{}',
    signature: undefined,
  };
}

/** Its own are Claude's; what was translated from another API is marked, or signed by nobody. */
function marked(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : markSignature('claude', text);
}

function readThought(block: Members): Part {
  const signature = marked(block.text('signature'));
  return { kind: 'thinking', text: block.text('thinking') ?? '', signature, redacted: undefined };
}

export function readBlock(block: Members, notes: Notes): Part[] {
  switch (block.text('type') ?? '') {
    case 'tool_use':
      return [readCall(block, notes)];
    case 'tool_result':
      return [readResult(block, notes)];
    case 'thinking':
      return [readThought(block)];
    case 'redacted_thinking':
      return [{ kind: 'thinking', text: '', signature: undefined, redacted: marked(block.text('data')) }];
    default:
      return readPlain(block, notes);
  }
}

export function readSystem(owner: Members, name: string, notes: Notes): TextPart[] {
  return readBlocks(owner, name, (block) => readPlain(block, notes), notes).flatMap((part) => {
    if (part.kind === 'text') return [part];
    notes.block(owner.pathOf(name), 'holds more than text');
    return [];
  });
}
