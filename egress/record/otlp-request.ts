/** One OTLP export request that is being written, and the ids in it. Apart from the batch, which fills two of them at once. */
import { randomBytes } from 'node:crypto';
import { AttributeWriter, bytesField, type AttributeNames } from './attribute-writer.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

export type Attributes = Readonly<Record<string, string>>;

const scopeName = 'clrk';

/** Ids from a block of random bytes: one call into the generator for many ids. */
export class RandomIds {
  block: Buffer = Buffer.alloc(0);
  #at = 0;

  /** Where the next `length` bytes are in `block`, which stays this one at least until the next call. */
  next(length: number): number {
    if (this.#at + length > this.block.length) {
      this.block = randomBytes(8 * 1024);
      this.#at = 0;
    }
    this.#at += length;
    return this.#at - length;
  }
}

/** `block` holds trace id (16 bytes), span id (8) and, where there is one, the parent's (8), from `at` on. */
export interface SpanIds {
  readonly block: Uint8Array;
  readonly at: number;
  readonly hasParent: boolean;
}

/** Where a member is in a request. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** One export request that is being written: resource and scope are open, members are appended. */
export class OpenRequest {
  readonly writer = new ProtobufWriter();
  readonly #resource: Attributes;
  readonly #names: AttributeNames;
  #group = 0;
  #scope = 0;

  constructor(resource: Attributes, names: AttributeNames) {
    this.#resource = resource;
    this.#names = names;
    this.#begin();
  }

  #begin(): void {
    const { writer } = this;
    this.#group = writer.open(bytesField(1), 4);
    const resource = writer.open(bytesField(1), 4);
    const attributes = new AttributeWriter(writer, this.#names, bytesField(1));
    for (const [name, value] of Object.entries(this.#resource)) attributes.put(name, value);
    writer.close(resource, 4);
    this.#scope = writer.open(bytesField(2), 4);
    const scope = writer.open(bytesField(1), 2);
    writer.string(bytesField(1), scopeName);
    writer.close(scope, 2);
  }

  /** A request of its own, with some of the members that are in this one. */
  copyOf(members: readonly Span[]): Buffer {
    const copy = new OpenRequest(this.#resource, this.#names);
    for (const { from, to } of members) copy.writer.raw(this.writer.slice(from, to));
    return copy.take();
  }

  take(): Buffer {
    this.writer.close(this.#scope, 4);
    this.writer.close(this.#group, 4);
    const body = this.writer.take();
    this.#begin();
    return body;
  }
}
