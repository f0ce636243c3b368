/**
 * What every construct of ours is: one Kubernetes object of the group clrk.apoxy.dev with a stable name. The name is the
 * path of construct ids below the chart, without a hash, so that GitOps sees the same object after a refactoring of code.
 * It must never know a kind.
 */
import { ApiObject, Chart, Lazy, type ApiObjectMetadata } from 'cdk8s';
import { Construct, type IConstruct } from 'constructs';
import { noteSource } from './source-record.ts';

export const group = 'clrk.apoxy.dev';
/** @internal */
export const apiVersion = `${group}/v1alpha1`;

// RFC 1123 label: names become parts of Service and Secret names.
const namePattern = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
// Leaves room for the suffixes the operator adds (`<pool>-workers`, `clrk-egress-<gateway>`) in 63 characters.
/** @internal */
export const maxNameLength = 50;

/** A reference to an object of ours, made here or elsewhere. */
export interface INamed {
  /** Its `metadata.name`. */
  readonly name: string;
  /** Unset: for a reference, that of whoever names it; for an object made here, where it is applied. */
  readonly namespace: string | undefined;
}

/** What every object of ours takes. */
export interface ResourceProps {
  /**
   * Name, namespace, labels and annotations.
   *
   * @default the name is the construct's path below its chart
   */
  readonly metadata?: ApiObjectMetadata;
}

/** Input that cannot work, told with the place it was given. */
export function refuse(construct: IConstruct, message: string): never {
  throw new Error(`${construct.node.path}: ${message}`);
}

function nameOf(construct: IConstruct): string {
  const chart = Chart.of(construct);
  const ids = construct.node.scopes.slice(chart.node.scopes.length).map((scope) => scope.node.id);
  return ids.join('-').toLowerCase();
}

type Present<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Fields that are undefined are left out of the manifest. */
export function present<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>;
}

/** The objects of a chart by kind and name: comparing each with each takes minutes in a chart of thousands. */
const madeIn = new WeakMap<Chart, Map<string, CustomResource[]>>();

function sameNamed(of: CustomResource, kind: string): CustomResource[] {
  const chart = Chart.of(of);
  const made = madeIn.get(chart) ?? new Map<string, CustomResource[]>();
  madeIn.set(chart, made);
  const key = `${kind}/${of.name}`;
  const same = made.get(key) ?? [];
  made.set(key, same);
  return same;
}

/** One Kubernetes object of CLRK's group. */
export abstract class CustomResource extends Construct implements INamed {
  /** The object itself, for what only cdk8s can say: JSON patches, labels, annotations. */
  readonly apiObject: ApiObject;

  protected constructor(scope: Construct, id: string, kind: string, props: ResourceProps) {
    super(scope, id);
    const name = props.metadata?.name ?? nameOf(this);
    if (!namePattern.test(name) || name.length > maxNameLength) {
      refuse(this, `name "${name}" must be a DNS label of at most ${maxNameLength} characters`);
    }
    this.apiObject = new ApiObject(this, 'Resource', {
      apiVersion,
      kind,
      metadata: { ...props.metadata, name },
      spec: Lazy.any({ produce: () => this.toSpec() }),
    });
    noteSource(this, this.apiObject);
    sameNamed(this, kind).push(this);
    this.node.addValidation({ validate: () => [...this.#clashes(kind), ...this.problems()] });
  }

  /** Its `metadata.name`. */
  get name(): string {
    return this.apiObject.name;
  }

  /** Unset: the namespace the manifests are applied to. */
  get namespace(): string | undefined {
    return this.apiObject.metadata.namespace;
  }

  /**
   * The object's spec, when everything has been added.
   *
   * @internal
   */
  protected abstract toSpec(): object;

  /**
   * What is wrong now that everything has been added.
   *
   * @internal
   */
  protected problems(): string[] {
    return [];
  }

  #clashes(kind: string): string[] {
    const same = sameNamed(this, kind).filter(
      (other) =>
        other !== this &&
        other.namespace === this.namespace &&
        // Not one that was taken out of the tree again.
        other.node.scope?.node.tryFindChild(other.node.id) === other,
    );
    return same.map((other) => `${kind} "${this.name}" is also made by ${other.node.path}`);
  }

  /**
   * Where another object is, as far as it is known here: a reference without a namespace is to this object's own.
   *
   * @internal
   */
  namespaceOf(other: INamed): string | undefined {
    return other instanceof CustomResource ? other.namespace : (other.namespace ?? this.namespace);
  }

  /**
   * All references but that of a route to its gateway stay inside a namespace.
   *
   * @internal
   */
  requireSameNamespace(other: INamed, what: string, hint = 'both must be in one'): void {
    const place = this.namespaceOf(other);
    if (place === this.namespace) return;
    const own = this.namespace ?? '(unset)';
    refuse(this, `${what} "${other.name}" is in namespace ${place ?? '(unset)'}, not ${own}; ${hint}`);
  }
}
