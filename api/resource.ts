/** What every object has: metadata, conditions, columns, a status that starts out as not looked at. */
import { Type, type Static, type TSchema } from 'typebox';
import { choice, integer, list, record, text } from './field.ts';

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  name: string;
  namespace: string;
  uid?: string;
  generation?: number;
  resourceVersion?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
}

export interface Resource<Spec, Status> {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec: Spec;
  status?: Status;
}

export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date' | 'boolean';
  readonly jsonPath: string;
  readonly priority?: number;
}

/** What names a kind may have, where they become names that Kubernetes bounds more tightly than those of objects. */
export interface NameRule {
  readonly maxLength: number;
  readonly pattern: string;
}

const dnsLabel = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';

/** Part of a Service's name: a DNS label, which starts with a letter. */
export function labelName(maxLength: number, options: { readonly isFirst?: boolean } = {}): NameRule {
  const pattern = options.isFirst === true ? '^[a-z]([-a-z0-9]*[a-z0-9])?$' : `^${dnsLabel}$`;
  return { maxLength, pattern };
}

/** Part of another object's name. */
export function subdomainName(maxLength: number): NameRule {
  return { maxLength, pattern: `^${dnsLabel}([.]${dnsLabel})*$` };
}

export interface KindDefinition {
  readonly kind: string;
  readonly plural: string;
  readonly shortName: string;
  readonly description: string;
  /** Absent: any name of an object. */
  readonly name?: NameRule;
  readonly spec: TSchema;
  readonly status: TSchema;
  readonly columns: readonly Column[];
  /** Beside the one all kinds have. */
  readonly categories?: readonly string[];
  /** Where `kubectl scale` reads and writes; absent: it does not scale. */
  readonly scale?: {
    readonly specReplicasPath: string;
    readonly statusReplicasPath: string;
    /** By which an autoscaler finds the pods. */
    readonly labelSelectorPath?: string;
  };
}

const readyCondition = '.status.conditions[?(@.type=="Ready")]';

/** What `kubectl get` shows of every kind alike: how it stands and why, then the kind's own, its age last. */
export function columns(own: readonly Column[], wide: readonly Omit<Column, 'priority'>[] = []): Column[] {
  return [
    { name: 'Ready', type: 'string', jsonPath: `${readyCondition}.status` },
    { name: 'Reason', type: 'string', jsonPath: `${readyCondition}.reason` },
    ...own,
    ...wide.map((column) => ({ ...column, priority: 1 })),
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ];
}

// Bounds of metav1.Condition.
const condition = record('Condition is one observation about this object.', {
  type: text('type is what was observed, such as Ready.', { max: 316 }),
  status: choice('status is whether it holds.', ['True', 'False', 'Unknown']),
  reason: text('reason is one CamelCase word saying why.', { max: 1_024 }),
  message: text('message is the same for people; may be empty.', { min: 0, max: 32_768 }),
  lastTransitionTime: Type.String({
    description: 'lastTransitionTime is when status last changed.',
    format: 'date-time',
    maxLength: 64,
  }),
  observedGeneration: Type.Optional(
    integer('observedGeneration is the metadata.generation this was observed at.', {
      format: 'int64',
      max: Number.MAX_SAFE_INTEGER,
    }),
  ),
});
export type Condition = Static<typeof condition>;

export function conditions() {
  return list('conditions are the latest observations, one a type.', condition, { max: 16, keys: ['type'] });
}

export function statusOf<T extends Record<string, TSchema>>(properties: T) {
  return record(
    'status is written by the operator; observedGeneration -1 means the object has not been looked at yet.',
    {
      observedGeneration: Type.Optional(
        integer('observedGeneration is the metadata.generation this status describes; -1 means none yet.', {
          format: 'int64',
          min: -1,
          max: Number.MAX_SAFE_INTEGER,
        }),
      ),
      conditions: Type.Optional(conditions()),
      ...properties,
    },
    // An object without a status counts as healthy for kstatus (Flux, Argo CD).
    { default: { observedGeneration: -1 } },
  );
}
