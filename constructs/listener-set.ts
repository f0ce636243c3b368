/** The listeners of one gateway, and whose routes they take. Data and verdicts; the gateway refuses. */
import type { EgressGatewaySpec } from '../api/index.ts';
import { listenerSpec, problemOfListener, type EgressListener } from './egress-listener.ts';
import type { EgressRouteKind } from './egress-route.ts';
import {
  joinRoutesFrom,
  mayComeFrom,
  needsOwnNamespace,
  problemOfRoutesFrom,
  type RoutesFrom,
} from './routes-from.ts';

const everything: EgressListener = { name: 'all', protocol: 'TCP' };

interface RoutePlace {
  readonly kind: EgressRouteKind;
  readonly namespace: string;
  /** The gateway's; undefined: not known. */
  readonly own: string | undefined;
}

/** @internal */
export class ListenerSet {
  readonly #listeners: EgressListener[] = [];
  #routesFrom: RoutesFrom = 'Same';

  get listed(): readonly EgressListener[] {
    return [...this.#listeners];
  }

  /** Why it cannot be one of them; undefined: it is. */
  add(listener: EgressListener): string | undefined {
    const isThere = this.#listeners.some(({ name }) => name === listener.name);
    const problem = isThere ? `has a listener "${listener.name}" already` : problemOfListener(listener);
    if (problem === undefined) this.#listeners.push(listener);
    return problem;
  }

  /** For listeners that do not say; why not, or undefined. */
  takeRoutesFrom(from: RoutesFrom): string | undefined {
    const joined = joinRoutesFrom(this.#routesFrom, from);
    if (joined === undefined) {
      return 'routesFrom cannot be two sets of labels, or names and labels; put one on a listener of its own';
    }
    const problem = problemOfRoutesFrom(joined);
    if (problem === undefined) this.#routesFrom = joined;
    return problem;
  }

  /** False only when it is certain. */
  mayTake({ kind, namespace, own }: RoutePlace): boolean {
    return this.#all().some(
      ({ routesFrom = 'Same', routeKinds }) =>
        (routeKinds?.includes(kind) ?? true) &&
        (own === undefined || mayComeFrom(routesFrom, namespace, own)),
    );
  }

  problems(own: string | undefined): string[] {
    const named = this.#all().some(({ routesFrom = 'Same' }) => needsOwnNamespace(routesFrom));
    return named && own === undefined
      ? ['names namespaces of routes and has none itself; give its chart a namespace']
      : [];
  }

  spec(own: string | undefined): EgressGatewaySpec['listeners'] {
    return this.#all().map((listener) => listenerSpec(listener, own));
  }

  /** With what is said for those that say nothing. */
  #all(): EgressListener[] {
    const listeners = this.#listeners.length > 0 ? this.#listeners : [everything];
    return listeners.map((listener) => ({ routesFrom: this.#routesFrom, ...listener }));
  }
}
