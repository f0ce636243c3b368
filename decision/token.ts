/**
 * A credential that must be asked for before a call: what a gateway needs to ask, and how a call is refused without it. A call never
 * goes without its token. Pure.
 */
import type { GatewayCredential, TokenInjection } from '../contract/index.ts';
import { refuse, type Refusal } from './call.ts';

export interface TokenNeed {
  /** Of the policy. */
  readonly namespace: string;
  readonly name: string;
  /** One object for all calls of a document. */
  readonly inject: TokenInjection;
  /** The gateway's own people wrote the policy: its endpoint may be at a private address. */
  readonly mayBePrivate: boolean;
}

/** The field a token goes into. */
export const tokenField = 'authorization';

export function tokenNeedOf(
  { policy }: GatewayCredential,
  inject: TokenInjection,
  gateway: { readonly namespace: string },
): TokenNeed {
  const { namespace, name } = policy;
  return { namespace, name, inject, mayBePrivate: namespace === gateway.namespace };
}

/** Secrets a token was given for: whoever is called may have come to know them elsewhere. */
export function secretsOf({ inject: { grant } }: TokenNeed): readonly string[] {
  switch (grant.type) {
    case 'ClientCredentials':
      return [grant.clientSecret];
    case 'RefreshToken':
      return [grant.clientSecret, grant.refreshToken].filter((each) => each !== undefined);
    case 'ServiceAccount':
      return [];
    default:
      return grant satisfies never;
  }
}

/** `message`: why there is none, without a byte of a Secret. */
export function refuseToken(
  { namespace, name }: TokenNeed,
  message: string,
  retryMs: number,
): Refusal & { readonly policy: string } {
  const policy = `${namespace}/${name}`;
  const said = `the token for this host could not be had: ${message} (CredentialInjectionPolicy ${policy})`;
  return {
    ...refuse(502, 'credential', said),
    code: 'CREDENTIAL_TOKEN_UNAVAILABLE',
    policy,
    retryAfterSeconds: Math.max(1, Math.ceil(retryMs / 1_000)),
  };
}
