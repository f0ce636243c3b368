/** What policies with targets share: the objects they apply to. It must never know what a policy says. */
import type { Construct } from 'constructs';
import { CustomResource, group, present, type INamed, type ResourceProps } from './custom-resource.ts';

/** @internal */
export interface PolicyTarget<Kind extends string> {
  readonly target: INamed;
  readonly kind: Kind;
  readonly sectionName?: string | undefined;
}

interface TargetRef<Kind extends string> {
  group: string;
  kind: Kind;
  name: string;
  sectionName?: string;
}

// The CRDs' own bound.
const maxTargets = 16;

/** A CLRK object that applies to other objects of its namespace. */
export abstract class Policy<Kind extends string> extends CustomResource {
  readonly #targetRefs: TargetRef<Kind>[] = [];

  protected constructor(scope: Construct, id: string, kind: string, props: ResourceProps) {
    super(scope, id, kind, props);
  }

  /** @internal */
  protected attach({ target, kind, sectionName }: PolicyTarget<Kind>): void {
    this.requireSameNamespace(target, kind);
    this.#targetRefs.push({ group, kind, name: target.name, ...present({ sectionName }) });
  }

  /** @internal */
  protected get targetRefs(): TargetRef<Kind>[] {
    return [...this.#targetRefs];
  }

  /** @internal */
  protected override problems(): string[] {
    const count = this.#targetRefs.length;
    if (count === 0) return ['has no target; add one with addTarget'];
    return count > maxTargets
      ? [`has ${count} targets, at most ${maxTargets} fit; make a second policy`]
      : [];
  }
}
