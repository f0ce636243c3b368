/**
 * Records straight to OTLP protobuf: a batch of spans and the batch of their logs, as the bodies of two export requests.
 * Apart from the outbox, which sends them. The SDK's objects and its two-pass encoder cost half of the gateway's time a
 * call (docs/decisions/012-egress-records.md); field numbers are those of opentelemetry-proto.
 */
import { randomBytes } from 'node:crypto';
import type { AttributeList, AttributeValue } from './attribute-list.ts';
import type { SpanEvent, SpanRecord } from './exchange-record.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

const bytesField = (id: number): number => (id << 3) | 2;
const varintField = (id: number): number => id << 3;
const fixed64Field = (id: number): number => (id << 3) | 1;

const spanAttribute = bytesField(9);
const logAttribute = bytesField(6);
const kind = { internal: 1, server: 2 } as const;
const severity = { INFO: 9, WARN: 13 } as const;
const statusError = 2;
const traceparentText = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;
const scopeName = 'clrk';
/** A value longer than this may not fit a message with a two-byte length (UTF-8 takes up to 3 bytes a unit). */
const shortValue = 4_000;

/** Ids from a block of random bytes: one call into the generator for many ids. */
class RandomIds {
  #block: Buffer = Buffer.alloc(0);
  #at = 0;

  next(length: number): Buffer {
    if (this.#at + length > this.#block.length) {
      this.#block = randomBytes(8 * 1024);
      this.#at = 0;
    }
    this.#at += length;
    return this.#block.subarray(this.#at - length, this.#at);
  }
}

/** Writes AnyValue's one member. */
function writeAny(writer: ProtobufWriter, value: AttributeValue): void {
  if (typeof value === 'string') writer.string(bytesField(1), value);
  else if (typeof value === 'boolean') {
    writer.byte(varintField(2));
    writer.byte(value ? 1 : 0);
  } else if (typeof value !== 'number') writeArray(writer, value);
  else if (Number.isSafeInteger(value) && value >= 0) {
    writer.byte(varintField(3));
    writer.varint(value);
  } else {
    writer.byte(fixed64Field(4));
    writer.double(value);
  }
}

function writeArray(writer: ProtobufWriter, values: readonly string[]): void {
  const array = writer.open(bytesField(5), 4);
  for (const value of values) {
    const member = writer.open(bytesField(1), 4);
    writeAny(writer, value);
    writer.close(member, 4);
  }
  writer.close(array, 4);
}

function writeAttribute(writer: ProtobufWriter, tag: number, name: string, value: AttributeValue): void {
  const isShort = typeof value === 'string' ? value.length + name.length < shortValue : !Array.isArray(value);
  const width = isShort ? 2 : 4;
  const pair = writer.open(tag, width);
  writer.string(bytesField(1), name);
  const any = writer.open(bytesField(2), width);
  writeAny(writer, value);
  writer.close(any, width);
  writer.close(pair, width);
}

function writeEvent(writer: ProtobufWriter, event: SpanEvent): void {
  const start = writer.open(bytesField(11), 4);
  writer.byte(fixed64Field(1));
  writer.nanos(event.at);
  writer.string(bytesField(2), event.name);
  const { names, values } = event.attributes;
  for (let index = 0; index < names.length; index += 1) {
    writeAttribute(writer, bytesField(3), names[index] ?? '', values[index] ?? '');
  }
  writer.close(start, 4);
}

/** One export request that is being written: resource and scope are open, members are appended. */
class OpenRequest {
  readonly writer = new ProtobufWriter();
  readonly #resource: Readonly<Record<string, string>>;
  #group = 0;
  #scope = 0;

  constructor(resource: Readonly<Record<string, string>>) {
    this.#resource = resource;
    this.#begin();
  }

  #begin(): void {
    const { writer } = this;
    this.#group = writer.open(bytesField(1), 4);
    const resource = writer.open(bytesField(1), 4);
    for (const [name, value] of Object.entries(this.#resource)) {
      writeAttribute(writer, bytesField(1), name, value);
    }
    writer.close(resource, 4);
    this.#scope = writer.open(bytesField(2), 4);
    const scope = writer.open(bytesField(1), 2);
    writer.string(bytesField(1), scopeName);
    writer.close(scope, 2);
  }

  take(): Buffer {
    this.writer.close(this.#scope, 4);
    this.writer.close(this.#group, 4);
    const body = this.writer.take();
    this.#begin();
    return body;
  }
}

export class OtlpBatch {
  readonly #spans: OpenRequest;
  readonly #logs: OpenRequest;
  readonly #ids = new RandomIds();
  /** Of the record being written: where each attribute of its span starts. */
  readonly #starts: number[] = [];
  count = 0;

  constructor(resource: Readonly<Record<string, string>>) {
    this.#spans = new OpenRequest(resource);
    this.#logs = new OpenRequest(resource);
  }

  get byteLength(): number {
    return this.#spans.writer.length + this.#logs.writer.length;
  }

  /** The two request bodies; the batch is empty afterwards. */
  take(): { readonly traces: Buffer; readonly logs: Buffer } {
    this.count = 0;
    return { traces: this.#spans.take(), logs: this.#logs.take() };
  }

  /** A body `take` gave that has been sent: its memory is used again. */
  recycle(signal: 'traces' | 'logs', body: Buffer): void {
    (signal === 'traces' ? this.#spans : this.#logs).writer.recycle(body);
  }

  add(record: SpanRecord): void {
    this.count += 1;
    const parent = traceparentText.exec(record.traceparent ?? '');
    const traceId = parent === null ? this.#ids.next(16) : Buffer.from(parent[1] ?? '', 'hex');
    const spanId = this.#ids.next(8);
    const parentId = parent === null ? undefined : Buffer.from(parent[2] ?? '', 'hex');
    const attributes = this.#addSpan(record, { traceId, spanId, parentId });
    this.#addLog(record, { traceId, spanId, attributes });
  }

  /** Returns the bytes of the attributes, each a field of its own, starting at `#starts`. */
  #addSpan(
    record: SpanRecord,
    ids: { readonly traceId: Buffer; readonly spanId: Buffer; readonly parentId: Buffer | undefined },
  ): Uint8Array {
    const { writer } = this.#spans;
    const span = writer.open(bytesField(2), 4);
    writer.bytes(bytesField(1), ids.traceId);
    writer.bytes(bytesField(2), ids.spanId);
    if (ids.parentId !== undefined) writer.bytes(bytesField(4), ids.parentId);
    writer.string(bytesField(5), record.name);
    writer.byte(varintField(6));
    writer.byte(kind[record.kind]);
    writer.byte(fixed64Field(7));
    writer.nanos(record.start);
    writer.byte(fixed64Field(8));
    writer.nanos(record.end);
    const from = writer.length;
    this.#addAttributes(record.attributes);
    const to = writer.length;
    for (const event of record.events) writeEvent(writer, event);
    if (record.errorMessage !== undefined) {
      const status = writer.open(bytesField(15), 4);
      writer.string(bytesField(2), record.errorMessage);
      writer.byte(varintField(3));
      writer.byte(statusError);
      writer.close(status, 4);
    }
    writer.close(span, 4);
    return writer.slice(from, to);
  }

  #addAttributes({ names, values }: AttributeList): void {
    const { writer } = this.#spans;
    const from = writer.length;
    this.#starts.length = 0;
    for (let index = 0; index < names.length; index += 1) {
      this.#starts.push(writer.length - from);
      writeAttribute(writer, spanAttribute, names[index] ?? '', values[index] ?? '');
    }
  }

  /** The log repeats its span's attributes: their bytes are copied, only the field's number differs. */
  #addLog(
    record: SpanRecord,
    span: { readonly traceId: Buffer; readonly spanId: Buffer; readonly attributes: Uint8Array },
  ): void {
    const { writer } = this.#logs;
    const log = writer.open(bytesField(2), 4);
    writer.byte(fixed64Field(1));
    writer.nanos(record.end);
    writer.byte(varintField(2));
    writer.byte(severity[record.log.severity]);
    writer.string(bytesField(3), record.log.severity);
    const body = writer.open(bytesField(5), 2);
    writer.string(bytesField(1), record.log.body);
    writer.close(body, 2);
    const at = writer.length;
    writer.raw(span.attributes);
    for (const start of this.#starts) writer.patch(at + start, logAttribute);
    writer.bytes(bytesField(9), span.traceId);
    writer.bytes(bytesField(10), span.spanId);
    writer.byte(fixed64Field(11));
    writer.nanos(record.end);
    writer.close(log, 4);
  }
}
