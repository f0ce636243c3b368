/** What both kinds of route are: an object that attaches to egress gateways and opens something there. */
import type { Construct } from 'constructs';
import type { EgressL4RouteSpec } from '../api/index.ts';
import { CustomResource, group, type INamed, type ResourceProps } from './custom-resource.ts';

export interface IEgressGateway extends INamed {
  readonly egressGateway: true;
}

export interface EgressRouteProps extends ResourceProps {
  /** Gateways it attaches to; more with addGateway. */
  readonly gateways?: readonly IEgressGateway[];
}

export abstract class EgressRoute<Rule extends object> extends CustomResource {
  readonly #gateways: IEgressGateway[] = [];
  readonly #rules: Rule[] = [];

  protected constructor(scope: Construct, id: string, kind: string, props: EgressRouteProps) {
    super(scope, id, kind, props);
    for (const gateway of props.gateways ?? []) this.addGateway(gateway);
  }

  addGateway(gateway: IEgressGateway): void {
    this.requireSameNamespace(gateway, 'EgressGateway');
    this.#gateways.push(gateway);
  }

  protected pushRule(rule: Rule): void {
    this.#rules.push(rule);
  }

  protected override toSpec(): { parentRefs: EgressL4RouteSpec['parentRefs']; rules: Rule[] } {
    const parentRefs = this.#gateways.map(({ name }) => ({ group, kind: 'EgressGateway', name }));
    return { parentRefs, rules: this.#rules };
  }

  protected override problems(): string[] {
    return [
      ...(this.#gateways.length > 0 ? [] : ['attaches to no gateway; add one with addGateway']),
      ...(this.#rules.length > 0 ? [] : ['has no rule; add one with addRule']),
    ];
  }
}
