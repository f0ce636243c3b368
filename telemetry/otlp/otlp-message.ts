/**
 * OTLP requests as types, and the parser from bytes. Protobuf and JSON give the same shape, except that JSON spells
 * ids in hex, bytes in base64 and 64-bit numbers as strings; the row renderer takes both.
 * Everything may be absent: the types say so, and nothing downstream may assume otherwise.
 */
import { ClrkError } from '../../contract/index.ts';
import { otlpType } from './otlp-schema.ts';

/** Protobuf's 64-bit integer (package `long`), or JSON's string or number. */
export type Int64 = { readonly low: number; readonly high: number } | string | number;
export type Bytes = Uint8Array | string;

export interface AnyValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: Int64;
  readonly doubleValue?: number | string;
  readonly arrayValue?: { readonly values?: readonly AnyValue[] };
  readonly kvlistValue?: { readonly values?: readonly KeyValue[] };
  readonly bytesValue?: Bytes;
}

export interface KeyValue {
  readonly key?: string;
  readonly value?: AnyValue | null;
}

export interface Scope {
  readonly name?: string;
  readonly version?: string;
  readonly attributes?: readonly KeyValue[];
}

export interface Span {
  readonly traceId?: Bytes;
  readonly spanId?: Bytes;
  readonly traceState?: string;
  readonly parentSpanId?: Bytes;
  readonly name?: string;
  readonly kind?: number;
  readonly startTimeUnixNano?: Int64;
  readonly endTimeUnixNano?: Int64;
  readonly attributes?: readonly KeyValue[];
  readonly events?: ReadonlyArray<{ timeUnixNano?: Int64; name?: string; attributes?: readonly KeyValue[] }>;
  readonly links?: ReadonlyArray<{
    traceId?: Bytes;
    spanId?: Bytes;
    traceState?: string;
    attributes?: readonly KeyValue[];
  }>;
  readonly status?: { readonly message?: string; readonly code?: number } | null;
}

export interface LogRecord {
  readonly timeUnixNano?: Int64;
  readonly observedTimeUnixNano?: Int64;
  readonly severityNumber?: number;
  readonly severityText?: string;
  readonly body?: AnyValue | null;
  readonly attributes?: readonly KeyValue[];
  readonly flags?: number;
  readonly traceId?: Bytes;
  readonly spanId?: Bytes;
}

interface Grouped {
  readonly resource?: { readonly attributes?: readonly KeyValue[] } | null;
  readonly schemaUrl?: string;
}

export interface TraceRequest {
  readonly resourceSpans?: ReadonlyArray<
    Grouped & { readonly scopeSpans?: ReadonlyArray<{ scope?: Scope | null; spans?: readonly Span[] }> }
  >;
}

export interface LogsRequest {
  readonly resourceLogs?: ReadonlyArray<
    Grouped & {
      readonly scopeLogs?: ReadonlyArray<{
        scope?: Scope | null;
        schemaUrl?: string;
        logRecords?: readonly LogRecord[];
      }>;
    }
  >;
}

export type Encoding = 'protobuf' | 'json';

function parse(type: 'traceRequest' | 'logsRequest', encoding: Encoding, bytes: Uint8Array): unknown {
  try {
    if (encoding === 'protobuf') return otlpType[type].decode(bytes);
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new Error('not an object');
    return value;
  } catch (cause) {
    throw new ClrkError('OTLP_MALFORMED', `the body is not an OTLP ${encoding} request`, { cause });
  }
}

/** Throws OTLP_MALFORMED. */
export function parseTraceRequest(encoding: Encoding, bytes: Uint8Array): TraceRequest {
  return parse('traceRequest', encoding, bytes) as TraceRequest;
}

/** Throws OTLP_MALFORMED. */
export function parseLogsRequest(encoding: Encoding, bytes: Uint8Array): LogsRequest {
  return parse('logsRequest', encoding, bytes) as LogsRequest;
}
