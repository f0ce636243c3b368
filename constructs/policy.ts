/** What policies with targets share: the objects they apply to. It must never know what a policy says. */
import type { Construct } from 'constructs';
import { Continuation } from './continuation.ts';
import { CustomResource, group, present, type INamed, type ResourceProps } from './custom-resource.ts';
import { EgressRoute } from './egress-route.ts';

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

/**
 * A CLRK object that applies to other objects of its namespace. Targets one object has no room for are in further ones,
 * `<name>-02` and so on, which say the same.
 */
export abstract class Policy<Kind extends string> extends CustomResource {
  readonly #targetRefs: TargetRef<Kind>[] = [];
  readonly #kind: string;
  readonly #metadata: ResourceProps['metadata'];
  #parts = 1;

  protected constructor(scope: Construct, id: string, kind: string, props: ResourceProps) {
    super(scope, id, kind, props);
    this.#kind = kind;
    this.#metadata = props.metadata;
  }

  /** @internal A route of several objects is targeted in all of them. */
  protected attach({ target, kind, sectionName }: PolicyTarget<Kind>): void {
    this.requireSameNamespace(target, kind, 'a policy is in the namespace of its targets');
    const add = (name: string): void => {
      this.#targetRefs.push({ group, kind, name, ...present({ sectionName }) });
      if (this.#targetRefs.length > this.#parts * maxTargets) this.#grow();
    };
    if (target instanceof EgressRoute) target.followParts(add);
    else add(target.name);
  }

  #grow(): void {
    const part = this.#parts;
    const produce = (): object => this.specFor(this.#refsOf(part));
    new Continuation(this, { kind: this.#kind, part, produce, ...present({ metadata: this.#metadata }) });
    this.#parts += 1;
  }

  #refsOf(part: number): TargetRef<Kind>[] {
    return this.#targetRefs.slice(part * maxTargets, (part + 1) * maxTargets);
  }

  /** @internal The spec, for these targets. */
  protected abstract specFor(targetRefs: TargetRef<Kind>[]): object;

  /** @internal */
  protected override toSpec(): object {
    return this.specFor(this.#refsOf(0));
  }

  /** @internal */
  protected override problems(): string[] {
    return this.#targetRefs.length === 0 ? ['has no target; add one with addTarget'] : [];
  }
}
