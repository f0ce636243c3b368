/**
 * OTLP 1.x (opentelemetry-proto: collector trace/logs service, trace, logs, common, resource) as a protobufjs
 * reflection table, field numbers from the public specification. A table, kept apart from the code that uses it.
 * Unknown fields of later versions are skipped by protobuf itself.
 */
import protobuf from 'protobufjs';

type FieldTable = Readonly<Record<string, readonly [id: number, type: string, rule?: 'repeated']>>;

function message(fields: FieldTable): protobuf.IType {
  return {
    fields: Object.fromEntries(
      Object.entries(fields).map(([name, [id, type, rule]]) => [
        name,
        { id, type, ...(rule === undefined ? {} : { rule }) },
      ]),
    ),
  };
}

const nested: Record<string, protobuf.IType> = {
  AnyValue: {
    // A oneof, so that an explicit zero, false or empty string is told from absence.
    oneofs: {
      value: {
        oneof: [
          'stringValue',
          'boolValue',
          'intValue',
          'doubleValue',
          'arrayValue',
          'kvlistValue',
          'bytesValue',
        ],
      },
    },
    ...message({
      stringValue: [1, 'string'],
      boolValue: [2, 'bool'],
      intValue: [3, 'int64'],
      doubleValue: [4, 'double'],
      arrayValue: [5, 'ArrayValue'],
      kvlistValue: [6, 'KeyValueList'],
      bytesValue: [7, 'bytes'],
    }),
  },
  ArrayValue: message({ values: [1, 'AnyValue', 'repeated'] }),
  KeyValueList: message({ values: [1, 'KeyValue', 'repeated'] }),
  KeyValue: message({ key: [1, 'string'], value: [2, 'AnyValue'] }),
  InstrumentationScope: message({
    name: [1, 'string'],
    version: [2, 'string'],
    attributes: [3, 'KeyValue', 'repeated'],
  }),
  Resource: message({ attributes: [1, 'KeyValue', 'repeated'] }),
  Event: message({
    timeUnixNano: [1, 'fixed64'],
    name: [2, 'string'],
    attributes: [3, 'KeyValue', 'repeated'],
  }),
  Link: message({
    traceId: [1, 'bytes'],
    spanId: [2, 'bytes'],
    traceState: [3, 'string'],
    attributes: [4, 'KeyValue', 'repeated'],
  }),
  Status: message({ message: [2, 'string'], code: [3, 'int32'] }),
  Span: message({
    traceId: [1, 'bytes'],
    spanId: [2, 'bytes'],
    traceState: [3, 'string'],
    parentSpanId: [4, 'bytes'],
    name: [5, 'string'],
    kind: [6, 'int32'],
    startTimeUnixNano: [7, 'fixed64'],
    endTimeUnixNano: [8, 'fixed64'],
    attributes: [9, 'KeyValue', 'repeated'],
    events: [11, 'Event', 'repeated'],
    links: [13, 'Link', 'repeated'],
    status: [15, 'Status'],
  }),
  ScopeSpans: message({
    scope: [1, 'InstrumentationScope'],
    spans: [2, 'Span', 'repeated'],
    schemaUrl: [3, 'string'],
  }),
  ResourceSpans: message({
    resource: [1, 'Resource'],
    scopeSpans: [2, 'ScopeSpans', 'repeated'],
    schemaUrl: [3, 'string'],
  }),
  ExportTraceServiceRequest: message({ resourceSpans: [1, 'ResourceSpans', 'repeated'] }),
  LogRecord: message({
    timeUnixNano: [1, 'fixed64'],
    severityNumber: [2, 'int32'],
    severityText: [3, 'string'],
    body: [5, 'AnyValue'],
    attributes: [6, 'KeyValue', 'repeated'],
    flags: [8, 'fixed32'],
    traceId: [9, 'bytes'],
    spanId: [10, 'bytes'],
    observedTimeUnixNano: [11, 'fixed64'],
  }),
  ScopeLogs: message({
    scope: [1, 'InstrumentationScope'],
    logRecords: [2, 'LogRecord', 'repeated'],
    schemaUrl: [3, 'string'],
  }),
  ResourceLogs: message({
    resource: [1, 'Resource'],
    scopeLogs: [2, 'ScopeLogs', 'repeated'],
    schemaUrl: [3, 'string'],
  }),
  ExportLogsServiceRequest: message({ resourceLogs: [1, 'ResourceLogs', 'repeated'] }),
  // Field 1 is rejected_spans or rejected_log_records: the same number in both services.
  PartialSuccess: message({ rejected: [1, 'int64'], errorMessage: [2, 'string'] }),
  ExportServiceResponse: message({ partialSuccess: [1, 'PartialSuccess'] }),
  /** google.rpc.Status, the body of an OTLP/HTTP error. */
  RpcStatus: message({ code: [1, 'int32'], message: [2, 'string'] }),
};

const root = protobuf.Root.fromJSON({ nested });

export const otlpType = {
  traceRequest: root.lookupType('ExportTraceServiceRequest'),
  logsRequest: root.lookupType('ExportLogsServiceRequest'),
  span: root.lookupType('Span'),
  anyValue: root.lookupType('AnyValue'),
  resource: root.lookupType('Resource'),
  scope: root.lookupType('InstrumentationScope'),
  response: root.lookupType('ExportServiceResponse'),
  status: root.lookupType('RpcStatus'),
} as const;
