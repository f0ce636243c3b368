/**
 * Spans from the wire straight to rows: a name or text of plain ASCII is copied and never made a string of, which is most of what
 * a span is. It writes exactly what otlp-rows.ts writes of the same bytes. A span with anything unusual (events, a nested
 * value, a name twice) is decoded and rendered there; a request it cannot read is left to the decoder whole.
 */
import { isUtf8 } from 'node:buffer';
import type { OtlpSpeaker } from '../../../contract/index.ts';
import { mayClaim } from '../otlp-claim.ts';
import { groupOf, type Grouping } from '../otlp-grouping.ts';
import type { Scope, Span } from '../otlp-message.ts';
import {
  contextOf,
  isWithin,
  maxNameChars,
  renderSpan,
  spanKinds,
  statusCodes,
  type Context,
} from '../otlp-rows.ts';
import { otlpType } from '../otlp-schema.ts';
import { renderTime } from '../otlp-value.ts';
import { requireRows } from '../rows-limit.ts';
import { AttributeWriter } from './attribute-writer.ts';
import { RowWriter } from './row-writer.ts';
import { SpanPlaces } from './span-places.ts';
import { WireReader, wireType, type Slice } from './wire-reader.ts';

export interface SpanRows {
  /** Lines of JSON, each with its end. */
  readonly body: Buffer;
  readonly count: number;
  readonly rejected: number;
  readonly foreign: number;
}

type Parent = Parameters<typeof groupOf>[0];

/** Beside its own bytes: names of columns, times, ids. */
const rowOverhead = 1024;
/** What a byte may grow to: six characters of an escape. */
const maxGrowth = 6;
const maxNanos = 9_223_372_036_854_775_807n;
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));

const texts = {
  time: bytesOf('{"Timestamp":"'),
  trace: bytesOf('","TraceId":"'),
  span: bytesOf('","SpanId":"'),
  parent: bytesOf('","ParentSpanId":"'),
  state: bytesOf('","TraceState":'),
  nameBehindState: bytesOf(',"SpanName":'),
  name: bytesOf('","SpanName":'),
  duration: bytesOf('","StatusCode":"'),
  message: bytesOf('","StatusMessage":'),
  attributesBehindMessage: bytesOf(',"SpanAttributes":{'),
  attributes: bytesOf('","SpanAttributes":{'),
};
const kinds = spanKinds.map((name) => bytesOf(`,"SpanKind":"${name}"`));
const codes = statusCodes.map(bytesOf);

/** The first stands for what has no name. */
const nameOf = (names: readonly Uint8Array[], number: number): Uint8Array =>
  names[number] ?? (names[0] as Uint8Array);

/** What every row of a group has before and behind its own. */
interface GroupTexts {
  readonly scope: Uint8Array;
  readonly resource: Uint8Array;
}

function textsOf(group: Grouping): GroupTexts {
  const { serviceName, scopeName, scopeVersion } = group;
  const scope = JSON.stringify({
    ServiceName: serviceName,
    ScopeName: scopeName || undefined,
    ScopeVersion: scopeVersion || undefined,
  });
  return {
    scope: bytesOf(`,${scope.slice(1, -1)},"Duration":"`),
    resource: bytesOf(`},"ResourceAttributes":${group.resourceJson}}\n`),
  };
}

class SpanTranscoder {
  readonly #bytes: Buffer;
  readonly #context: Context;
  readonly #out: RowWriter;
  readonly #attributes: AttributeWriter;
  readonly #request: WireReader;
  readonly #resource: WireReader;
  readonly #scope: WireReader;
  readonly #places: SpanPlaces;
  #count = 0;
  #rejected = 0;
  #foreign = 0;

  constructor(bytes: Buffer, context: Context) {
    this.#bytes = bytes;
    this.#context = context;
    this.#out = new RowWriter(bytes.length * 2 + 4096);
    this.#attributes = new AttributeWriter(bytes, context.speaker, this.#out);
    this.#request = new WireReader(bytes);
    this.#resource = new WireReader(bytes);
    this.#scope = new WireReader(bytes);
    this.#places = new SpanPlaces(bytes);
  }

  /** Undefined: another decoder must say what this is. */
  run(): SpanRows | undefined {
    const reader = this.#request.open(0, this.#bytes.length);
    while (reader.next()) {
      if (reader.field !== 1) continue;
      if (reader.type !== wireType.bytes || !this.#resourceSpans(reader.start, reader.end)) return undefined;
    }
    if (reader.isBad) return undefined;
    // Its own bytes alone: what waits to be written is counted by them.
    const body = Buffer.from(this.#out.written);
    return { body, count: this.#count, rejected: this.#rejected, foreign: this.#foreign };
  }

  /** What is said of the parts (1), the parts (2), a URL (3). Undefined: not as it should be. */
  #partsOf(reader: WireReader): { readonly whole?: Buffer; readonly parts: readonly Slice[] } | undefined {
    const parts: Slice[] = [];
    let whole: Buffer | undefined;
    while (reader.next()) {
      const { field, start, end } = reader;
      if (field > 3) continue;
      if (reader.type !== wireType.bytes) return undefined;
      const bytes = this.#bytes.subarray(start, end);
      if (field === 1) whole = bytes;
      else if (field === 2) parts.push([start, end]);
      else if (!isUtf8(bytes)) return undefined;
    }
    return reader.isBad ? undefined : { parts, ...(whole === undefined ? {} : { whole }) };
  }

  #resourceSpans(start: number, end: number): boolean {
    const found = this.#partsOf(this.#resource.open(start, end));
    if (found === undefined) return false;
    const resource =
      found.whole && (otlpType.resource.decode(found.whole) as NonNullable<Parent['resource']>);
    return found.parts.every((slice) => this.#scopeSpans(slice, { resource: resource ?? null }));
  }

  #scopeSpans([start, end]: Slice, resource: Parent): boolean {
    const found = this.#partsOf(this.#scope.open(start, end));
    if (found === undefined) return false;
    const scope = found.whole && (otlpType.scope.decode(found.whole) as Scope);
    const group = groupOf(resource, scope, '');
    if (!mayClaim(this.#context.speaker, group.resource)) {
      // They must be spans all the same: what is not is told of as malformed.
      for (const [from, to] of found.parts) otlpType.span.decode(this.#bytes.subarray(from, to));
      this.#foreign += found.parts.length;
      return true;
    }
    const groupTexts = textsOf(group);
    for (const [from, to] of found.parts) this.#row(from, to, group, groupTexts);
    return true;
  }

  #row(start: number, end: number, group: Grouping, groupTexts: GroupTexts): void {
    const out = this.#out;
    const before = out.length;
    requireRows(before);
    out.ensure(
      (end - start) * maxGrowth + rowOverhead + groupTexts.scope.length + groupTexts.resource.length,
    );
    if (this.#places.find(start, end) && this.#write(groupTexts)) {
      this.#count++;
      return;
    }
    out.rewind(before);
    this.#decoded(start, end, group);
  }

  /** One that is not as most are. */
  #decoded(start: number, end: number, group: Grouping): void {
    const span = otlpType.span.decode(this.#bytes.subarray(start, end)) as Span;
    const rendered = renderSpan(span, group, this.#context);
    if (typeof rendered === 'object') {
      this.#out.text(`${rendered.line}\n`);
      this.#count++;
    } else if (rendered === 'rejected') this.#rejected++;
    else this.#foreign++;
  }

  #isId([start, end]: Slice, length: number): boolean {
    if (end - start !== length) return false;
    for (let index = start; index < end; index++) if (this.#bytes[index] !== 0) return true;
    return false;
  }

  /** False: for the other way, as everything here that is not as it should be. */
  #write({ scope, resource }: GroupTexts): boolean {
    const out = this.#out;
    const { state, name, message, startAt, endAt, kind, code } = this.#places;
    const start = this.#nanos(startAt);
    const end = this.#nanos(endAt);
    if (end > maxNanos || !isWithin(start, this.#context.window) || !this.#writeIds(start)) return false;
    if (!this.#optional(state, texts.state, texts.nameBehindState, texts.name)) return false;
    if (!out.quoted(this.#bytes, name, maxNameChars)) return false;
    out.put(nameOf(kinds, kind));
    out.put(scope);
    out.text(end > start ? String(end - start) : '0');
    out.put(texts.duration);
    out.put(nameOf(codes, code));
    if (!this.#optional(message, texts.message, texts.attributesBehindMessage, texts.attributes))
      return false;
    if (!this.#attributes.write(this.#places.attributes)) return false;
    out.put(resource);
    return true;
  }

  #nanos(at: number): bigint {
    return at < 0 ? 0n : this.#bytes.readBigUInt64LE(at);
  }

  #writeIds(start: bigint): boolean {
    const out = this.#out;
    const { trace, id, parent } = this.#places;
    if (!this.#isId(trace, 16) || !this.#isId(id, 8)) return false;
    out.put(texts.time);
    out.text(renderTime(start));
    out.put(texts.trace);
    out.hex(this.#bytes, trace[0], trace[1]);
    out.put(texts.span);
    out.hex(this.#bytes, id[0], id[1]);
    out.put(texts.parent);
    if (this.#isId(parent, 8)) out.hex(this.#bytes, parent[0], parent[1]);
    return true;
  }

  /** A text that most have not, and what comes behind it; or else what comes without it. */
  #optional(place: Slice, before: Uint8Array, behind: Uint8Array, without: Uint8Array): boolean {
    const isThere = place[1] > place[0];
    this.#out.put(isThere ? before : without);
    if (!isThere) return true;
    if (!this.#out.quoted(this.#bytes, place, maxNameChars)) return false;
    this.#out.put(behind);
    return true;
  }
}

/** Undefined, or thrown: not read here. */
export function spanRows(bytes: Buffer, speaker: OtlpSpeaker, nowNanos: bigint): SpanRows | undefined {
  return new SpanTranscoder(bytes, contextOf(speaker, nowNanos)).run();
}
