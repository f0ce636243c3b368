/** What all kinds of route are: an object that attaches to egress gateways and opens something there. */
import type { Construct } from 'constructs';
import { Continuation } from './continuation.ts';
import {
  CustomResource,
  group,
  present,
  refuse,
  type INamed,
  type ResourceProps,
} from './custom-resource.ts';

/** An EgressGateway made here or elsewhere. */
export interface IEgressGateway extends INamed {
  readonly egressGateway: true;
  /** @internal Why a route can never attach; undefined when it can, or when only the cluster knows. */
  readonly problemOfRoute?: (kind: EgressRouteKind, namespace: string) => string | undefined;
}

/** The kinds of route. */
export type EgressRouteKind = 'AIProviderRoute' | 'MCPRoute' | 'EgressL4Route' | 'EgressHTTPRoute';

/** A route of any kind. */
export interface IEgressRoute extends INamed {
  readonly routeKind: EgressRouteKind;
}

/** What every route takes. */
export interface EgressRouteProps extends ResourceProps {
  /**
   * Gateways it attaches to; more with addGateway.
   *
   * @default none yet
   */
  readonly gateways?: readonly IEgressGateway[];
}

interface ParentRef {
  group: string;
  kind: string;
  name: string;
  namespace?: string;
}

// The CRDs' own bounds.
/** @internal */
export const maxRules = 16;
const maxParents = 32;

/** A route of any kind. What one object has no room for is in further ones, `<name>-02` and so on. */
export abstract class EgressRoute extends CustomResource implements IEgressRoute {
  abstract readonly routeKind: EgressRouteKind;
  readonly #gateways: IEgressGateway[] = [];
  readonly #kind: EgressRouteKind;
  readonly #metadata: ResourceProps['metadata'];
  readonly #names: string[];
  readonly #followers: ((name: string) => void)[] = [];
  #openedBy: string | undefined;

  protected constructor(scope: Construct, id: string, kind: EgressRouteKind, props: EgressRouteProps) {
    super(scope, id, kind, props);
    this.#kind = kind;
    this.#metadata = props.metadata;
    this.#names = [this.name];
    for (const gateway of props.gateways ?? []) this.addGateway(gateway);
  }

  /** The gateways it attaches to. */
  get gateways(): readonly IEgressGateway[] {
    return [...this.#gateways];
  }

  /**
   * Attaches to one more gateway. One of another namespace must take routes of this one (`routesFrom`).
   *
   * @example
   * ```ts
   * const second = new EgressGateway(chart, 'second');
   * gateway.allowHost('api.example.com').addGateway(second);
   * ```
   */
  addGateway(gateway: IEgressGateway): void {
    if (this.namespace !== undefined && this.namespaceOf(gateway) === undefined) {
      refuse(this, `EgressGateway "${gateway.name}" is in namespace (unset); give its chart a namespace`);
    }
    this.#gateways.push(gateway);
  }

  /** @internal Which method of a gateway made it, to open something. */
  get openedBy(): string | undefined {
    return this.#openedBy;
  }

  /** @internal */
  markOpenedBy(method: string): void {
    this.#openedBy = method;
  }

  /** @internal Tells the name of each object it is made of, now or when it is made. */
  followParts(tell: (name: string) => void): void {
    this.#followers.push(tell);
    for (const name of this.#names) tell(name);
  }

  /** @internal */
  protected get partCount(): number {
    return this.#names.length;
  }

  /** @internal Makes the objects that are missing. */
  protected growTo(parts: number): void {
    while (this.#names.length < parts) {
      const part = this.#names.length;
      const produce = (): object => this.specOf(part);
      const more = new Continuation(this, {
        kind: this.#kind,
        part,
        produce,
        ...present({ metadata: this.#metadata }),
      });
      this.#names.push(more.name);
      for (const tell of this.#followers) tell(more.name);
    }
  }

  /** @internal The spec of one of its objects, from 0. */
  protected abstract specOf(part: number): object;

  /** @internal */
  protected override toSpec(): object {
    return this.specOf(0);
  }

  /** @internal */
  protected get parentRefs(): ParentRef[] {
    return this.#gateways.map((gateway) => {
      const place = this.namespaceOf(gateway);
      const namespace = place === this.namespace ? undefined : place;
      return { group, kind: 'EgressGateway', name: gateway.name, ...present({ namespace }) };
    });
  }

  /** @internal */
  protected abstract get ruleCount(): number;

  /** @internal */
  protected override problems(): string[] {
    const parents = this.#gateways.length;
    return [
      ...(parents > 0 ? [] : ['attaches to no gateway; add one with addGateway']),
      ...(parents > maxParents ? [`attaches to ${parents} gateways, at most ${maxParents} fit`] : []),
      ...(this.ruleCount > 0 ? [] : ['has no rule; add one with addRule']),
      ...this.#gateways.flatMap((gateway) => this.#problemAt(gateway) ?? []),
    ];
  }

  #problemAt(gateway: IEgressGateway): string | undefined {
    const place = this.namespaceOf(gateway);
    if (this.namespace === undefined || place === undefined || place === this.namespace) return undefined;
    return gateway.problemOfRoute?.(this.#kind, this.namespace);
  }
}
