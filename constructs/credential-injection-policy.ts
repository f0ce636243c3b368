/** A CredentialInjectionPolicy: which routes or gateways put which key on their requests. */
import type { Construct } from 'constructs';
import type { CredentialInjectionPolicySpec } from '../api/index.ts';
import type { Credential } from './credential.ts';
import { CustomResource, group, present, type INamed, type ResourceProps } from './custom-resource.ts';

/** What a key can be attached to: an AIProviderRoute or an EgressGateway. */
export interface ICredentialTarget extends INamed {
  readonly credentialTargetKind: 'AIProviderRoute' | 'EgressGateway';
}

export interface CredentialInjectionPolicyProps extends ResourceProps {
  readonly credential: Credential;
  readonly targets?: readonly ICredentialTarget[];
}

export class CredentialInjectionPolicy extends CustomResource {
  readonly #credential: Credential;
  readonly #targets: CredentialInjectionPolicySpec['targetRefs'] = [];

  constructor(scope: Construct, id: string, props: CredentialInjectionPolicyProps) {
    super(scope, id, 'CredentialInjectionPolicy', props);
    this.#credential = props.credential;
    for (const target of props.targets ?? []) this.addTarget(target);
  }

  /** `backend`: the key is for this backend of the route only. */
  addTarget(target: ICredentialTarget, options: { readonly backend?: INamed } = {}): void {
    this.requireSameNamespace(target, target.credentialTargetKind);
    const sectionName = options.backend?.name;
    const { name, credentialTargetKind: kind } = target;
    this.#targets.push({ group, kind, name, ...present({ sectionName }) });
  }

  protected override toSpec(): CredentialInjectionPolicySpec {
    return { targetRefs: this.#targets, ...this.#credential.spec };
  }

  protected override problems(): string[] {
    return this.#targets.length > 0 ? [] : ['has no target; add one with addTarget'];
  }
}
