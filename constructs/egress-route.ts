/** What all kinds of route are: an object that attaches to egress gateways and opens something there. */
import type { Construct } from 'constructs';
import { CustomResource, group, type INamed, type ResourceProps } from './custom-resource.ts';

/** An EgressGateway made here or elsewhere. */
export interface IEgressGateway extends INamed {
  readonly egressGateway: true;
}

/** The kinds of route. */
export type EgressRouteKind = 'AIProviderRoute' | 'MCPRoute' | 'EgressL4Route';

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

// The CRDs' own bound.
const maxRules = 16;

/** A route of any kind. */
export abstract class EgressRoute extends CustomResource implements IEgressRoute {
  abstract readonly routeKind: EgressRouteKind;
  readonly #gateways: IEgressGateway[] = [];

  protected constructor(scope: Construct, id: string, kind: EgressRouteKind, props: EgressRouteProps) {
    super(scope, id, kind, props);
    for (const gateway of props.gateways ?? []) this.addGateway(gateway);
  }

  /** The gateways it attaches to. */
  get gateways(): readonly IEgressGateway[] {
    return [...this.#gateways];
  }

  /**
   * Attaches to one more gateway.
   *
   * @example
   * ```ts
   * const second = new EgressGateway(chart, 'second');
   * gateway.allowHost('api.example.com').addGateway(second);
   * ```
   */
  addGateway(gateway: IEgressGateway): void {
    this.requireSameNamespace(gateway, 'EgressGateway');
    this.#gateways.push(gateway);
  }

  /** @internal */
  protected get parentRefs(): { group: string; kind: string; name: string }[] {
    return this.#gateways.map(({ name }) => ({ group, kind: 'EgressGateway', name }));
  }

  /** @internal */
  protected abstract get ruleCount(): number;

  /** @internal */
  protected override problems(): string[] {
    const rules = this.ruleCount;
    return [
      ...(this.#gateways.length > 0 ? [] : ['attaches to no gateway; add one with addGateway']),
      ...(rules > 0 ? [] : ['has no rule; add one with addRule']),
      ...(rules > maxRules ? [`has ${rules} rules, at most ${maxRules} fit; make a second route`] : []),
    ];
  }
}
