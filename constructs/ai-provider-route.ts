/** An AIProviderRoute: which models of which provider a gateway lets through, where to, and with which key. */
import type { Construct } from 'constructs';
import type { AIProviderRouteSpec } from '../api/index.ts';
import type { IBackend } from './backend.ts';
import { CredentialInjectionPolicy, type ICredentialTarget } from './credential-injection-policy.ts';
import type { Credential } from './credential.ts';
import { present, refuse } from './custom-resource.ts';
import { EgressRoute, type EgressRouteProps } from './egress-route.ts';

export type Provider = 'openai' | 'anthropic' | 'google' | 'azure-openai' | 'bedrock' | 'custom';

export interface AIProviderMatch {
  readonly provider: Provider;
  /** Globs over the model's name. @default every model */
  readonly models?: readonly string[];
  /** Globs over the path. @default every endpoint */
  readonly endpoints?: readonly string[];
}

export interface WeightedBackend {
  readonly backend: IBackend;
  /** @default 1 */
  readonly weight?: number;
}

export interface AIProviderRule {
  readonly matches: readonly AIProviderMatch[];
  /** @default the host the agent asked for */
  readonly backends?: readonly WeightedBackend[];
}

export interface AIProviderRouteProps extends EgressRouteProps {
  readonly rules?: readonly AIProviderRule[];
  /** Put on every request of this route. */
  readonly credential?: Credential;
}

type RuleSpec = AIProviderRouteSpec['rules'][number];
type MatchSpec = NonNullable<RuleSpec['matches']>[number];

export class AIProviderRoute extends EgressRoute<RuleSpec> implements ICredentialTarget {
  readonly credentialTargetKind = 'AIProviderRoute';
  #credential: Credential | undefined;

  constructor(scope: Construct, id: string, props: AIProviderRouteProps = {}) {
    super(scope, id, 'AIProviderRoute', props);
    for (const rule of props.rules ?? []) this.addRule(rule);
    if (props.credential !== undefined) this.addCredential(props.credential);
  }

  addRule({ matches, backends = [] }: AIProviderRule): void {
    if (matches.length === 0) refuse(this, 'a rule needs a match');
    for (const { backend } of backends) this.requireSameNamespace(backend, 'Backend');
    const backendRefs = backends.map(({ backend, weight = 1 }) => ({ name: backend.name, weight }));
    this.pushRule({
      matches: matches.map((match) => matchOf(match)),
      ...(backendRefs.length > 0 ? { backendRefs } : {}),
    });
  }

  /** A route has one key: with two, which of them a request carries would be nobody's decision. */
  addCredential(credential: Credential): void {
    if (credential === this.#credential) return;
    if (this.#credential !== undefined) refuse(this, 'has a credential already');
    this.#credential = credential;
    const metadata = present({ namespace: this.namespace });
    new CredentialInjectionPolicy(this, 'credential', { credential, targets: [this], metadata });
  }
}

function matchOf({ provider, models, endpoints }: AIProviderMatch): MatchSpec {
  return present({ provider, models: models && [...models], endpoints: endpoints && [...endpoints] });
}
