/**
 * What a record is to those who keep and send it: a span and a summary log, written when their turn comes. Apart from what
 * is recorded, so that encoding, shares and the outbox need to know neither exchanges nor connections.
 */
import { AttributeList, type AttributeSink } from './attribute-list.ts';

export interface SpanEvent {
  readonly name: string;
  /** Unix milliseconds. */
  readonly at: number;
  /** Captured bytes: the first thing to go when a record must be small. */
  readonly isBody: boolean;
  putAttributes(sink: AttributeSink): void;
  /** The same, for who reads records rather than sends them. */
  readonly attributes: AttributeList;
}

/** An event whose attributes are put when they are asked for. */
export class LazyEvent implements SpanEvent {
  readonly name: string;
  readonly at: number;
  readonly isBody: boolean;
  readonly putAttributes: (sink: AttributeSink) => void;

  constructor(event: Omit<SpanEvent, 'attributes'>) {
    this.name = event.name;
    this.at = event.at;
    this.isBody = event.isBody;
    this.putAttributes = event.putAttributes;
  }

  get attributes(): AttributeList {
    const list = new AttributeList();
    this.putAttributes(list);
    return list;
  }
}

export interface SpanLog {
  readonly severity: 'INFO' | 'WARN';
  readonly body: string;
}

export interface SpanRecord {
  readonly name: string;
  readonly kind: 'server' | 'internal';
  /** Unix milliseconds, as `end`. */
  readonly start: number;
  readonly end: number;
  readonly traceparent: string | undefined;
  /** 16 hex digits, where other records name it as what they belong to; absent: any. */
  readonly spanId?: string | undefined;
  /** Whose share of the outbox it takes, `Kind/ns/name`; empty: nobody knows. */
  readonly agentId: string;
  /** Nothing was let through: many of a kind may become one. */
  readonly refused: boolean;
  /** Sinks of the gateway's owner that get a copy of it, by name; absent: none. */
  readonly sinks?: readonly string[] | undefined;
  /** The record before with the same one likely had the same steady attributes; absent: none is like it. */
  readonly steadyOf: object | undefined;
  /** undefined: no error. */
  readonly errorMessage: string | undefined;
  readonly log: SpanLog;
  /** Attributes that tend to be those of the last record; the rest is `putVarying`. */
  putSteady(sink: AttributeSink): void;
  putVarying(sink: AttributeSink): void;
  readonly events: readonly SpanEvent[];
  /** All of them, for who reads records rather than sends them. */
  readonly attributes: AttributeList;
}

/** Steady and varying attributes together. */
export function listAttributes(record: Pick<SpanRecord, 'putSteady' | 'putVarying'>): AttributeList {
  const list = new AttributeList();
  record.putSteady(list);
  record.putVarying(list);
  return list;
}

export interface SimpleRecord {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly agentId: string;
  readonly refused: boolean;
  readonly sinks?: readonly string[] | undefined;
  readonly errorMessage: string | undefined;
  readonly log: SpanLog;
  readonly attributes: AttributeList;
  readonly traceparent?: string | undefined;
}

/** A record of a few attributes and no events. */
export function createSimpleRecord(simple: SimpleRecord): SpanRecord {
  const { attributes } = simple;
  return {
    ...simple,
    kind: 'server',
    traceparent: simple.traceparent,
    steadyOf: undefined,
    events: [],
    putSteady: () => undefined,
    putVarying: (sink) => attributes.putInto(sink),
  };
}
