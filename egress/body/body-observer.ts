/**
 * Reads a body as it passes, for records: what it says is told, never decided by. A body that cannot be read is let be; nothing
 * of it is kept. Pure.
 */
import { fieldValues, type Field } from '../http1/index.ts';
import type { BodyRead, PlainReader } from './body-result.ts';
import { negotiateBody } from './negotiation.ts';
import { createPlainReader } from './plain-reader.ts';

export class BodyObserver {
  #reader: PlainReader | undefined;

  constructor(reader: PlainReader) {
    this.#reader = reader;
  }

  push(bytes: Buffer): void {
    if (this.#reader?.push(bytes) !== undefined) this.#reader = undefined;
  }

  /** undefined: it could not be read. */
  end(): BodyRead | undefined {
    const result = this.#reader?.end();
    this.#reader = undefined;
    return result?.kind === 'read' ? result : undefined;
  }
}

/** undefined: a body with this head is not read as it passes. */
export function createObserver(fields: readonly Field[]): BodyObserver | undefined {
  const form = negotiateBody(
    {
      contentType: fieldValues(fields, 'content-type'),
      contentEncoding: fieldValues(fields, 'content-encoding'),
      want: 'model',
    },
    new Set(),
  );
  return 'kind' in form ? undefined : new BodyObserver(createPlainReader('model', undefined));
}
