/**
 * Changes a body in the bytes it came in: only those of a value are replaced, so that numbers, order and spelling stay as
 * the agent wrote them, and a body of many megabytes is not written anew. Pure.
 */
import { Buffer } from 'node:buffer';
import { ClrkError } from '../../contract/index.ts';
import type { BodyRead, ObjectSpan } from './body-result.ts';
import type { Span } from './json-scanner.ts';

/** `bytes` in place of a span; an empty span: inserted there. */
export interface Edit extends Span {
  readonly bytes: Buffer;
}

/** A part's value has no quotes and no escapes. */
const plainValue = /^[\x20-\x7e]+$/;

/** Another model; undefined: the body names none, or cannot name this one. */
export function renameModel({ format, spans }: BodyRead, model: string): Edit | undefined {
  if (spans.model === undefined) return undefined;
  if (format === 'json') return { ...spans.model, bytes: Buffer.from(JSON.stringify(model)) };
  return plainValue.test(model) ? { ...spans.model, bytes: Buffer.from(model) } : undefined;
}

/** Asks a stream of OpenAI's shape for its usage. Undefined: it asks already, or the body is no object. */
export function askForUsage({ includeUsage, spans }: BodyRead): Edit | undefined {
  const { root, streamOptions } = spans;
  if (includeUsage === true || root === undefined) return undefined;
  if (spans.includeUsage !== undefined) return { ...spans.includeUsage, bytes: Buffer.from('true') };
  if (streamOptions === undefined) return insertFirst(root, '"stream_options":{"include_usage":true}');
  if (streamOptions.kind === 'object') return insertFirst(streamOptions, '"include_usage":true');
  return { ...streamOptions, bytes: Buffer.from('{"include_usage":true}') };
}

/** A member before the others of an object. */
export function insertFirst({ start, empty }: ObjectSpan, member: string): Edit {
  const at = start + 1;
  return { start: at, end: at, bytes: Buffer.from(empty ? member : `${member},`) };
}

/** A walk over buffers from their beginning: many edits of many buffers cost as much as both together. */
class Walk {
  readonly #buffers: readonly Buffer[];
  #index = 0;
  /** Where the buffer at the index begins. */
  #base = 0;

  constructor(buffers: readonly Buffer[]) {
    this.#buffers = buffers;
  }

  /** No span starts before the one before has ended. */
  copy({ start, end }: Span, out: Buffer[]): void {
    for (let buffer = this.#buffers[this.#index]; buffer !== undefined; buffer = this.#next(buffer)) {
      const from = Math.max(0, start - this.#base);
      const to = Math.min(buffer.length, end - this.#base);
      if (from < to) out.push(from === 0 && to === buffer.length ? buffer : buffer.subarray(from, to));
      if (end < this.#base + buffer.length) return;
    }
  }

  #next({ length }: Buffer): Buffer | undefined {
    this.#base += length;
    this.#index += 1;
    return this.#buffers[this.#index];
  }
}

/** The body with its edits. Buffers that do not change are passed on as they are. */
export function replaceSpans(buffers: readonly Buffer[], edits: readonly Edit[]): Buffer[] {
  const sorted = [...edits].sort((one, other) => one.start - other.start);
  const out: Buffer[] = [];
  const walk = new Walk(buffers);
  const length = buffers.reduce((sum, each) => sum + each.length, 0);
  let at = 0;
  for (const { start, end, bytes } of sorted) {
    if (start < at || end < start || end > length) {
      throw new ClrkError('BODY_EDIT_INVALID', 'two edits of a body overlap, or lie outside of it');
    }
    walk.copy({ start: at, end: start }, out);
    if (bytes.length > 0) out.push(bytes);
    at = end;
  }
  walk.copy({ start: at, end: length }, out);
  return out;
}
