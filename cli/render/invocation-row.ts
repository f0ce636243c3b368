/** Invocations as table rows, for `clrk get invocations` and the end of `npm start`. Pure. */
import { renderAge, renderCallDuration, renderCaller, type Invocation } from '../../contract/index.ts';
import { renderTable } from './table.ts';

export interface InvocationRowOptions {
  readonly now: Date;
  /** Adds NAMESPACE in front, as kubectl does with -A. */
  readonly allNamespaces?: boolean;
  /** Adds REVISION, WORKER, TRACE, CALLER and REASON. */
  readonly wide?: boolean;
  /** False: rows only (a watch's later rows). */
  readonly headers?: boolean;
}

interface Column {
  readonly header: string;
  readonly cell: (invocation: Invocation, now: Date) => string;
  readonly shown?: (options: InvocationRowOptions) => boolean;
}

const wide = (options: InvocationRowOptions): boolean => options.wide === true;

const columns: readonly Column[] = [
  {
    header: 'NAMESPACE',
    cell: (each) => each.metadata.namespace,
    shown: (options) => options.allNamespaces === true,
  },
  { header: 'NAME', cell: (each) => each.metadata.name },
  {
    header: 'AGENT',
    cell: (each) => `${each.spec.parentRef.kind.toLowerCase()}/${each.spec.parentRef.name}`,
  },
  { header: 'TRIGGER', cell: (each) => each.spec.trigger.type },
  { header: 'PHASE', cell: (each) => each.status.phase },
  { header: 'STATUS', cell: (each) => String(each.status.httpStatus ?? '') },
  { header: 'EXIT', cell: (each) => String(each.status.exitCode ?? '') },
  { header: 'DURATION', cell: renderCallDuration },
  { header: 'REVISION', cell: (each) => each.status.revision ?? '', shown: wide },
  { header: 'WORKER', cell: (each) => each.status.worker ?? '', shown: wide },
  { header: 'TRACE', cell: (each) => each.status.traceId ?? '', shown: wide },
  { header: 'CALLER', cell: (each) => renderCaller(each.spec.identity), shown: wide },
  { header: 'REASON', cell: (each) => each.status.reason ?? '', shown: wide },
  { header: 'AGE', cell: (each, now) => renderAge(new Date(each.metadata.creationTimestamp), now) },
];

export function renderInvocationRows(
  invocations: readonly Invocation[],
  options: InvocationRowOptions,
): string {
  const shown = columns.filter((column) => column.shown?.(options) ?? true);
  const table = {
    headers: shown.map((column) => column.header),
    rows: invocations.map((each) => shown.map((column) => column.cell(each, options.now))),
  };
  return renderTable(table, { headers: options.headers ?? true });
}
