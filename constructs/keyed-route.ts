/** What the routes the gateway looks into share: one key for all their requests. */
import { CredentialInjectionPolicy, type ICredentialTarget } from './credential-injection-policy.ts';
import type { Credential } from './credential.ts';
import { present, refuse } from './custom-resource.ts';
import { EgressRoute, type EgressRouteProps } from './egress-route.ts';

/** What every route with a key takes. */
export interface KeyedRouteProps extends EgressRouteProps {
  /**
   * Put on every request of this route.
   *
   * @default none: requests leave as the agent made them
   */
  readonly credential?: Credential;
}

/** A route whose requests the gateway puts a key on. */
export abstract class KeyedRoute extends EgressRoute implements ICredentialTarget {
  abstract override readonly routeKind: 'AIProviderRoute' | 'MCPRoute' | 'EgressHTTPRoute';
  abstract readonly credentialTargetKind: 'AIProviderRoute' | 'MCPRoute' | 'EgressHTTPRoute';
  #credential: Credential | undefined;

  /**
   * Puts a key on every request of this route. A route has one: with two, which of them a request carries would be
   * nobody's decision.
   *
   * @example
   * ```ts
   * const route = gateway.allowProvider('anthropic');
   * route.addCredential(Credential.header('x-api-key', { name: 'anthropic' }));
   * ```
   */
  addCredential(credential: Credential): void {
    if (credential === this.#credential) return;
    if (this.#credential !== undefined) refuse(this, 'has a credential already');
    this.#credential = credential;
    const metadata = present({ namespace: this.namespace });
    new CredentialInjectionPolicy(this, 'credential', { credential, targets: [this], metadata });
  }
}
