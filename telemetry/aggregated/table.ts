/** Invocations as a Table: what `kubectl get` prints. Pure. Cells are text of the record; kubectl escapes terminals itself. */
import { renderAge, renderCallDuration, renderCaller, type Invocation } from '../../contract/index.ts';
import { groupVersion } from './group.ts';
import type { InvocationObject } from './invocation-object.ts';
import { metadataOnly, rowObject, type IncludeObject } from './row-object.ts';

interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer';
  readonly format?: 'name';
  readonly description: string;
  /** 1: with -o wide. */
  readonly priority: 0 | 1;
  readonly cell: (invocation: Invocation, now: Date) => string | number | null;
}

function text(
  name: string,
  priority: 0 | 1,
  description: string,
  cell: (invocation: Invocation, now: Date) => string,
): Column {
  return { name, type: 'string', priority, description, cell };
}

const columns: readonly Column[] = [
  { ...text('Name', 0, 'Id of the invocation', (each) => each.metadata.name), format: 'name' },
  text('Phase', 0, 'How far it has come', (each) => each.status.phase),
  text('Trigger', 0, 'What set it off', (each) => each.spec.trigger.type),
  text('Parent', 0, 'Kind of the agent', (each) => each.spec.parentRef.kind),
  text('ParentName', 0, 'Name of the agent', (each) => each.spec.parentRef.name),
  text('Duration', 1, 'From its start to its end', renderCallDuration),
  {
    name: 'Status',
    type: 'integer',
    priority: 1,
    description: 'HTTP status the caller got',
    cell: (each) => each.status.httpStatus ?? null,
  },
  text('Reason', 1, 'Why it ended like that', (each) => each.status.reason ?? ''),
  text('Revision', 1, 'Of the agent', (each) => each.status.revision ?? ''),
  text('Worker', 1, 'Pod it ran on', (each) => each.status.worker ?? ''),
  text('Caller', 1, "The user of the cluster who called, and what the agent's extractors say", (each) =>
    renderCaller(each.spec.identity),
  ),
  text('Trace', 1, 'Id of its trace', (each) => each.status.traceId ?? ''),
  text('Age', 0, 'Since when', (each, now) => renderAge(new Date(each.metadata.creationTimestamp), now)),
];

const definitions = columns.map(({ name, type, format = '', description, priority }) => ({
  name,
  type,
  format,
  description,
  priority,
}));

export function tableOf(
  objects: readonly InvocationObject[],
  options: { readonly metadata: object; readonly include: IncludeObject; readonly now: Date },
): object {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: options.metadata,
    columnDefinitions: definitions,
    rows: objects.map((object) => ({
      cells: columns.map(({ cell }) => cell(object as unknown as Invocation, options.now)),
      object: rowObject({ metadata: object.metadata, whole: () => object }, options.include),
    })),
  };
}

export function listOf(objects: readonly InvocationObject[], metadata: object): object {
  return { kind: 'InvocationList', apiVersion: groupVersion, metadata, items: objects };
}

export function metadataListOf(objects: readonly InvocationObject[], metadata: object): object {
  return {
    kind: 'PartialObjectMetadataList',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    items: objects.map(({ metadata: each }) => metadataOnly(each)),
  };
}
