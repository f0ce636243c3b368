/**
 * The resource and scope a record stands under, rendered once for all its records. Apart from the row renderers
 * because spans and logs nest alike, and because rendering it per record was half of the time.
 */
import type { KeyValue, LogRecord, LogsRequest, Scope, Span, TraceRequest } from './otlp-message.ts';
import { cut, list, renderAttributes } from './otlp-value.ts';

export interface Grouping {
  readonly resource: Readonly<Record<string, string>>;
  readonly serviceName: string;
  readonly resourceJson: string;
  readonly resourceSchemaUrl: string;
  readonly scopeName: string;
  readonly scopeVersion: string;
  readonly scopeSchemaUrl: string;
  readonly scopeAttributesJson: string;
}

interface Resource {
  readonly resource?: { readonly attributes?: readonly KeyValue[] } | null;
  readonly schemaUrl?: string;
}

const maxNameChars = 1024;

export function groupOf(
  resource: Resource,
  scope: Scope | null | undefined,
  scopeSchemaUrl: string,
): Grouping {
  const attributes = renderAttributes(resource.resource?.attributes);
  return {
    resource: attributes,
    serviceName: cut(attributes['service.name'], maxNameChars),
    resourceJson: JSON.stringify(attributes),
    resourceSchemaUrl: cut(resource.schemaUrl, maxNameChars),
    scopeName: cut(scope?.name, maxNameChars),
    scopeVersion: cut(scope?.version, maxNameChars),
    scopeSchemaUrl: cut(scopeSchemaUrl, maxNameChars),
    scopeAttributesJson: JSON.stringify(renderAttributes(scope?.attributes)),
  };
}

function objects<T>(value: readonly T[] | null | undefined): readonly T[] {
  return list(value).filter((item) => item !== null && typeof item === 'object');
}

export function* groupSpans(request: TraceRequest): Iterable<{ group: Grouping; records: readonly Span[] }> {
  for (const resource of objects(request.resourceSpans)) {
    for (const scoped of objects(resource.scopeSpans)) {
      yield { group: groupOf(resource, scoped.scope, ''), records: list(scoped.spans) };
    }
  }
}

export function* groupLogs(
  request: LogsRequest,
): Iterable<{ group: Grouping; records: readonly LogRecord[] }> {
  for (const resource of objects(request.resourceLogs)) {
    for (const scoped of objects(resource.scopeLogs)) {
      yield {
        group: groupOf(resource, scoped.scope, scoped.schemaUrl ?? ''),
        records: list(scoped.logRecords),
      };
    }
  }
}
