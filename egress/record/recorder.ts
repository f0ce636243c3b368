/**
 * The edge where records leave the gateway. Apart so that everything before it is plain data. A recorder never throws
 * into the data path and never waits.
 */
import { attribute, spanName } from '../../contract/index.ts';
import { AttributeList } from './attribute-list.ts';
import type { RecordSlot } from './record-queue.ts';
import { createSimpleRecord, type SpanRecord } from './span-record.ts';

export interface Recorder {
  /** For what had no slot: refusals, and failures before anything was let through. */
  record(record: SpanRecord): void;
  /** Bytes that were no identity frame: from whom is not known. */
  malformed(reason: string, at: number): void;
}

/** A recorder that also says whether a call can be recorded, before it is let through. */
export interface AdmittingRecorder extends Recorder {
  /** undefined: the agent's share of what waits for telemetry is full; let nothing of it through now. */
  admit(agentId: string): RecordSlot | undefined;
}

function malformedRecord(reason: string, at: number): SpanRecord {
  const attributes = new AttributeList();
  attributes.put(attribute.component, 'egress');
  attributes.put(attribute.denyReason, 'frame');
  attributes.put(attribute.errorType, reason);
  return createSimpleRecord({
    name: spanName.frameMalformed,
    start: at,
    end: at,
    agentId: '',
    refused: true,
    attributes,
    errorMessage: reason,
    log: { severity: 'WARN', body: 'identity frame refused' },
  });
}

export interface RecordOutbox {
  admit(agentId: string): RecordSlot | undefined;
  add(record: SpanRecord): void;
}

export function createRecorder(outbox: RecordOutbox): AdmittingRecorder {
  return {
    admit: (agentId) => outbox.admit(agentId),
    record: (record) => outbox.add(record),
    malformed: (reason, at) => outbox.add(malformedRecord(reason, at)),
  };
}
