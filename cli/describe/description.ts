/** An object as a person reads it: how it stands, what it names, what names it, what was said of it, its spec. Pure. */
import { stringify } from 'yaml';
import { renderAge, terminalText } from '../../contract/index.ts';
import type { KubernetesObject } from '../render/object-list.ts';
import { renderTable } from '../render/table.ts';
import type { Reference } from './reference.ts';

interface Condition {
  readonly type?: string;
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

export interface Described {
  readonly object: KubernetesObject;
  readonly refersTo: readonly Reference[];
  /** Objects of the namespace that name it. */
  readonly referredBy: ReadonlyArray<{
    readonly kind: string;
    readonly name: string;
    readonly where: string;
  }>;
  readonly events: readonly (readonly string[])[];
  readonly now: Date;
}

/** Policies and routes say how they stand for each gateway. */
function conditionsOf(status: unknown): readonly Condition[] {
  const {
    conditions = [],
    ancestors = [],
    parents = [],
  } = (status ?? {}) as {
    readonly conditions?: readonly Condition[];
    readonly ancestors?: ReadonlyArray<{ readonly conditions?: readonly Condition[] }>;
    readonly parents?: ReadonlyArray<{ readonly conditions?: readonly Condition[] }>;
  };
  return [conditions, ...[...ancestors, ...parents].map((each) => each.conditions ?? [])].flat();
}

const indent = (text: string): string => text.replace(/^/gm, '  ');

function section(title: string, headers: readonly string[], rows: readonly (readonly string[])[]): string {
  return rows.length === 0 ? `${title}: <none>` : `${title}:\n${indent(renderTable({ headers, rows }))}`;
}

function conditionRows(status: unknown, now: Date): readonly (readonly string[])[] {
  return conditionsOf(status).map(({ type = '', status: is = '', reason = '', message = '', ...rest }) => {
    const since = rest.lastTransitionTime === undefined ? undefined : new Date(rest.lastTransitionTime);
    return [type, is, reason, since === undefined ? '' : renderAge(since, now), message];
  });
}

export function renderDescription({ object, refersTo, referredBy, events, now }: Described): string {
  const { kind, spec, status } = object;
  const { name, namespace, creationTimestamp, labels } = object.metadata as KubernetesObject['metadata'] & {
    readonly creationTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  const made = creationTimestamp === undefined ? undefined : new Date(creationTimestamp);
  const marks = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return [
    `Name: ${name}`,
    ...(namespace === undefined ? [] : [`Namespace: ${namespace}`]),
    `Kind: ${String(kind)}`,
    `Age: ${renderAge(made, now)}`,
    ...(marks.length === 0 ? [] : [`Labels: ${marks.join(', ')}`]),
    section('Conditions', ['TYPE', 'STATUS', 'REASON', 'SINCE', 'MESSAGE'], conditionRows(status, now)),
    section(
      'Refers to',
      ['KIND', 'NAME', 'IN'],
      refersTo.map((each) => [each.kind, each.name, each.where]),
    ),
    section(
      'Referred to by',
      ['KIND', 'NAME', 'IN'],
      referredBy.map((each) => [each.kind, each.name, each.where]),
    ),
    section('Events', ['LAST-SEEN', 'TYPE', 'REASON', 'MESSAGE'], events),
    `Spec:\n${indent(terminalText(stringify(spec ?? {}, { version: '1.1' }).trimEnd()))}`,
  ].join('\n');
}
