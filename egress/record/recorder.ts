/**
 * The edge where records leave the gateway. Apart so that everything before it is plain data. A recorder never throws
 * into the data path and never waits.
 */
import { attribute, spanName } from '../../contract/index.ts';
import { AttributeList } from './attribute-list.ts';
import type { SpanRecord } from './exchange-record.ts';

export interface Recorder {
  record(record: SpanRecord): void;
  /** Bytes that were no identity frame: from whom is not known. */
  malformed(reason: string, at: number): void;
}

function malformedRecord(reason: string, at: number): SpanRecord {
  const attributes = new AttributeList();
  attributes.put(attribute.component, 'egress');
  attributes.put(attribute.denyReason, 'frame');
  attributes.put(attribute.errorType, reason);
  return {
    name: spanName.frameMalformed,
    kind: 'server',
    start: at,
    end: at,
    traceparent: undefined,
    attributes,
    events: [],
    errorMessage: reason,
    log: { severity: 'WARN', body: 'identity frame refused' },
  };
}

/** Every record also carries `attributes` (which gateway it was). */
export function createRecorder(
  outbox: { add(record: SpanRecord): void },
  attributes: Readonly<Record<string, string>>,
): Recorder {
  const record = (span: SpanRecord): void => {
    for (const name in attributes) span.attributes.put(name, attributes[name]);
    outbox.add(span);
  };
  return { record, malformed: (reason, at) => record(malformedRecord(reason, at)) };
}
