/**
 * Records straight to OTLP protobuf: a batch of spans and the batch of their logs, as the bodies of two export requests.
 * Apart from the outbox, which sends them. The SDK's objects and its two-pass encoder cost half of the gateway's time a
 * call (docs/decisions/012-egress-records.md); field numbers are those of opentelemetry-proto.
 */
import { attribute } from '../../contract/index.ts';
import {
  AttributeNames,
  AttributeWriter,
  bytesField,
  cutText,
  fixed64Field,
  SteadyAttributes,
  type SteadyBlock,
  varintField,
} from './attribute-writer.ts';
import { OpenRequest, RandomIds, type Attributes, type Span, type SpanIds } from './otlp-request.ts';
import type { SpanEvent, SpanRecord } from './span-record.ts';

const spanAttribute = bytesField(9);
const logAttribute = bytesField(6);
const kind = { internal: 1, server: 2 } as const;
const severity = { INFO: 9, WARN: 13 } as const;
const statusError = 2;
const traceparentText = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;
/** Of names and messages; they are short where nobody plays with them. */
const maxName = 512;
/** Bytes of a text in a record that must be small: with it the largest record is within `smallRecordBytes`. */
const smallText = 64;

/** What a record takes at most when only its small form fits: some 70 attributes, in the span and in the log. */
export const smallRecordBytes = 16 * 1024;

/** `whole`: all of it. `headers`: without captured bodies. `small`: without events, and values cut. */
export type RecordForm = 'whole' | 'headers' | 'small';

export interface BatchAttributes {
  readonly resource: Attributes;
  /** On every span and log. */
  readonly common?: Attributes;
}

interface SinkMembers {
  readonly spans: Span[];
  readonly logs: Span[];
}

/** The bodies of two requests with what of a batch is for one sink. */
export interface SinkPart {
  readonly sink: string;
  readonly traces: Buffer;
  readonly logs: Buffer;
  readonly records: number;
}

export class OtlpBatch {
  readonly #names = new AttributeNames();
  readonly #spans: OpenRequest;
  readonly #logs: OpenRequest;
  readonly #spanAttributes: AttributeWriter;
  readonly #eventAttributes: AttributeWriter;
  readonly #common: Attributes;
  readonly #ids = new RandomIds();
  readonly #steady = new SteadyAttributes();
  /** Which members are for a sink, by its name. */
  #members = new Map<string, SinkMembers>();
  count = 0;

  constructor({ resource, common = {} }: BatchAttributes) {
    this.#common = common;
    this.#spans = new OpenRequest(resource, this.#names);
    this.#logs = new OpenRequest(resource, this.#names);
    this.#spanAttributes = new AttributeWriter(this.#spans.writer, this.#names, spanAttribute);
    this.#eventAttributes = new AttributeWriter(this.#spans.writer, this.#names, bytesField(3));
  }

  get byteLength(): number {
    return this.#spans.writer.length + this.#logs.writer.length;
  }

  /** The two request bodies, and what of them is for which sink; the batch is empty afterwards. */
  take(isSinkWanted: (sink: string) => boolean = () => false): {
    readonly traces: Buffer;
    readonly logs: Buffer;
    readonly parts: readonly SinkPart[];
  } {
    const parts = [...this.#members].filter(([sink]) => isSinkWanted(sink)).map((each) => this.#part(each));
    this.#members = new Map();
    this.count = 0;
    return { traces: this.#spans.take(), logs: this.#logs.take(), parts };
  }

  #part([sink, { spans, logs }]: readonly [string, SinkMembers]): SinkPart {
    const [traces, own] = [this.#spans.copyOf(spans), this.#logs.copyOf(logs)];
    return { sink, traces, logs: own, records: spans.length };
  }

  /** What was written from `from` on is for these sinks. */
  #allot(sinks: readonly string[], from: { readonly spans: number; readonly logs: number }): void {
    const to = this.#mark();
    for (const sink of sinks) {
      const members = this.#members.get(sink) ?? { spans: [], logs: [] };
      this.#members.set(sink, members);
      members.spans.push({ from: from.spans, to: to.spans });
      members.logs.push({ from: from.logs, to: to.logs });
    }
  }

  /** A body `take` gave that has been sent: its memory is used again. */
  recycle(signal: 'traces' | 'logs', body: Buffer): void {
    (signal === 'traces' ? this.#spans : this.#logs).writer.recycle(body);
  }

  /** Bytes it took; undefined: it cannot be encoded, and nothing was written. */
  add(record: SpanRecord, form: RecordForm = 'whole'): number | undefined {
    return this.addIf(record, form, () => true);
  }

  /** Like `add`; undefined also, and nothing written, when `accept` does not want as many bytes. */
  addIf(record: SpanRecord, form: RecordForm, accept: (bytes: number) => boolean): number | undefined {
    const at = this.#mark();
    try {
      this.#write(record, form);
    } catch {
      // A field of 256 MiB, or facts that are not what their types say.
      this.#rewind(at);
      return undefined;
    }
    const size = this.byteLength - at.spans - at.logs;
    if (!accept(size)) {
      this.#rewind(at);
      return undefined;
    }
    this.count += 1;
    if (record.sinks !== undefined) this.#allot(record.sinks, at);
    return size;
  }

  #mark(): { readonly spans: number; readonly logs: number } {
    return { spans: this.#spans.writer.length, logs: this.#logs.writer.length };
  }

  #rewind({ spans, logs }: { readonly spans: number; readonly logs: number }): void {
    this.#spans.writer.rewind(spans);
    this.#logs.writer.rewind(logs);
  }

  #write(record: SpanRecord, form: RecordForm): void {
    const ids = this.#idsOf(record);
    const maxText = form === 'small' ? smallText : Number.POSITIVE_INFINITY;
    this.#spanAttributes.maxText = maxText;
    const { writer } = this.#spans;
    const span = writer.open(bytesField(2), 4);
    this.#writeHead(record, ids, Math.min(maxText, maxName));
    const steady = this.#writeSteady(record, form);
    const from = writer.length;
    this.#writeVarying(record, form);
    const to = writer.length;
    if (form !== 'small') {
      for (const event of record.events) if (form === 'whole' || !event.isBody) this.#writeEvent(event);
    }
    this.#writeStatus(record, Math.min(maxText, maxName));
    writer.close(span, 4);
    this.#writeLog(record, ids, { steady, varying: writer.slice(from, to), from });
  }

  #idsOf({ traceparent, spanId }: SpanRecord): SpanIds {
    const parent = traceparent === undefined ? null : traceparentText.exec(traceparent);
    if (parent === null) {
      const at = this.#ids.next(24);
      return { block: this.#ids.block, at, hasParent: false };
    }
    const at = this.#ids.next(8);
    const own = spanId ?? this.#ids.block.toString('hex', at, at + 8);
    const block = Buffer.from(`${parent[1] ?? ''}${own}${parent[2] ?? ''}`, 'hex');
    return { block, at: 0, hasParent: true };
  }

  #writeHead(record: SpanRecord, ids: SpanIds, maxText: number): void {
    const { writer } = this.#spans;
    writer.short(bytesField(1), ids.block, ids.at, 16);
    writer.short(bytesField(2), ids.block, ids.at + 16, 8);
    if (ids.hasParent) writer.short(bytesField(4), ids.block, ids.at + 24, 8);
    writer.string(bytesField(5), cutText(record.name, maxText));
    writer.byte(varintField(6));
    writer.byte(kind[record.kind]);
    writer.byte(fixed64Field(7));
    writer.nanos(record.start);
    writer.byte(fixed64Field(8));
    writer.nanos(record.end);
  }

  #writeSteady(record: SpanRecord, form: RecordForm): SteadyBlock {
    const steady = this.#steady;
    steady.start();
    for (const name in this.#common) steady.put(name, this.#common[name]);
    record.putSteady(steady);
    const { writer } = this.#spans;
    const owner = form === 'small' ? undefined : record.steadyOf;
    const known = steady.find(owner);
    if (known !== undefined) {
      writer.raw(known.span);
      return known;
    }
    const from = writer.length;
    this.#spanAttributes.count = 0;
    steady.putInto(this.#spanAttributes);
    const block = this.#blockFrom(from);
    if (owner !== undefined) steady.remember(owner, block);
    return block;
  }

  /** What was written from `from` on, as it is and as attributes of a log. */
  #blockFrom(from: number): SteadyBlock {
    const { starts, count } = this.#spanAttributes;
    const span = Uint8Array.from(this.#spans.writer.slice(from, this.#spans.writer.length));
    const log = Uint8Array.from(span);
    for (let index = 0; index < count; index += 1) log[(starts[index] ?? from) - from] = logAttribute;
    return { span, log };
  }

  #writeVarying(record: SpanRecord, form: RecordForm): void {
    this.#spanAttributes.count = 0;
    record.putVarying(this.#spanAttributes);
    if (form === 'whole') return;
    this.#spanAttributes.put(attribute.recordReduced, form === 'small' ? 'values' : 'bodies');
  }

  #writeEvent(event: SpanEvent): void {
    const { writer } = this.#spans;
    const start = writer.open(bytesField(11), 4);
    writer.byte(fixed64Field(1));
    writer.nanos(event.at);
    writer.string(bytesField(2), event.name);
    this.#eventAttributes.count = 0;
    event.putAttributes(this.#eventAttributes);
    writer.close(start, 4);
  }

  #writeStatus({ errorMessage }: SpanRecord, maxText: number): void {
    if (errorMessage === undefined) return;
    const { writer } = this.#spans;
    const status = writer.open(bytesField(15), 4);
    writer.string(bytesField(2), cutText(errorMessage, maxText));
    writer.byte(varintField(3));
    writer.byte(statusError);
    writer.close(status, 4);
  }

  /** The log repeats its span's attributes: their bytes are copied, only the field's number differs. */
  #writeLog(
    record: SpanRecord,
    ids: SpanIds,
    written: { readonly steady: SteadyBlock; readonly varying: Uint8Array; readonly from: number },
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
    writer.raw(written.steady.log);
    const at = writer.length;
    writer.raw(written.varying);
    const { starts, count } = this.#spanAttributes;
    for (let index = 0; index < count; index += 1) {
      writer.patch(at + (starts[index] ?? 0) - written.from, logAttribute);
    }
    writer.short(bytesField(9), ids.block, ids.at, 16);
    writer.short(bytesField(10), ids.block, ids.at + 16, 8);
    writer.byte(fixed64Field(11));
    writer.nanos(record.end);
    writer.close(log, 4);
  }
}
