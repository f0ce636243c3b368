/** A CredentialInjectionPolicy: which routes or gateways put which key on their requests. */
import type { Construct } from 'constructs';
import type { CredentialInjectionPolicySpec } from '../api/index.ts';
import type { IBackend } from './backend.ts';
import type { Credential } from './credential.ts';
import { refuse, type INamed, type ResourceProps } from './custom-resource.ts';
import { Policy } from './policy.ts';

/** What a key can be attached to. */
export interface ICredentialTarget extends INamed {
  readonly credentialTargetKind: 'AIProviderRoute' | 'MCPRoute' | 'EgressHTTPRoute' | 'EgressGateway';
}

/** Properties of a CredentialInjectionPolicy. */
export interface CredentialInjectionPolicyProps extends ResourceProps {
  /** The key and where it goes. */
  readonly credential: Credential;
  /**
   * What it is for; more with addTarget.
   *
   * @default none yet
   */
  readonly targets?: readonly ICredentialTarget[];
}

/** How a key is attached. */
export interface CredentialTargetOptions {
  /**
   * The one backend of the AIProviderRoute or MCPRoute the key is for.
   *
   * @default all of them
   */
  readonly backend?: IBackend;
}

/**
 * Which routes or gateways put which key on their requests. `allowProvider`, `allowMcp` and `allowHttp` make one when they are given
 * a credential; write it yourself to give a key to several targets, or to one backend. It is in the namespace of its
 * targets, and so is the Secret: to keep keys in a namespace of their own, make the route there and attach it to the
 * gateway.
 *
 * @example
 * ```ts
 * const openai = gateway.allowProvider('openai');
 * new CredentialInjectionPolicy(chart, 'key', {
 *   credential: Credential.bearer({ name: 'openai' }),
 *   targets: [openai],
 * });
 * ```
 */
export class CredentialInjectionPolicy extends Policy<ICredentialTarget['credentialTargetKind']> {
  readonly #credential: Credential;

  constructor(scope: Construct, id: string, props: CredentialInjectionPolicyProps) {
    super(scope, id, 'CredentialInjectionPolicy', props);
    this.#credential = props.credential;
    const { secretNamespace } = props.credential;
    if (secretNamespace !== undefined) {
      const secret = { name: props.credential.spec.secretRef.name, namespace: secretNamespace };
      this.requireSameNamespace(secret, 'Secret', 'a policy reads Secrets of its own namespace only');
    }
    for (const target of props.targets ?? []) this.addTarget(target);
  }

  /**
   * One more target.
   *
   * @example
   * ```ts
   * const backend = new Backend(chart, 'spare', { schema: 'openai', host: 'llm.example.com' });
   * const route = gateway.allowProvider('openai', { backends: [{ backend }] });
   * const credential = Credential.bearer({ name: 'spare' });
   * new CredentialInjectionPolicy(chart, 'spare-key', { credential }).addTarget(route, { backend });
   * ```
   */
  addTarget(target: ICredentialTarget, { backend }: CredentialTargetOptions = {}): void {
    const kind = target.credentialTargetKind;
    if (backend !== undefined && kind !== 'AIProviderRoute' && kind !== 'MCPRoute') {
      refuse(this, `a key for one backend needs an AIProviderRoute or an MCPRoute, not ${kind}`);
    }
    this.attach({ target, kind, sectionName: backend?.name });
  }

  /** @internal */
  protected override specFor(
    targetRefs: CredentialInjectionPolicySpec['targetRefs'],
  ): CredentialInjectionPolicySpec {
    return { targetRefs, ...this.#credential.spec };
  }
}
