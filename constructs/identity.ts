/** Where a field of the caller's identity is found in a call. A value class, because each place has its own block. */
import type { TaskAgentSpec } from '../api/index.ts';
import { present } from './custom-resource.ts';

/** By which keys tokens of callers are verified. */
export interface TokenTrust {
  /** A JSON Web Key Set: the public keys of whoever issues the tokens. Nothing is fetched. */
  readonly jwks: { readonly keys: readonly object[] };
  /**
   * Who must have issued the token.
   *
   * @default whoever has a key of the set
   */
  readonly issuer?: string;
  /**
   * Whom the token must be for.
   *
   * @default anybody
   */
  readonly audience?: string;
}

type Extractor = NonNullable<TaskAgentSpec['identity']>['extractors'][number];

/**
 * Where a field of the caller's identity is found in a call.
 *
 * @example
 * ```ts
 * const identity = [Identity.header('user', 'X-User'), Identity.jwt('tenant', 'org_id')];
 * new TaskAgent(chart, 'triage', { image: 'ghcr.io/acme/triage:1.0.0', pool, identity });
 * ```
 */
export class Identity {
  /** @internal */
  readonly spec: Extractor;

  private constructor(field: string, spec: Extractor) {
    if (field === '' || field.length > 63) throw new Error(`"${field}" must be 1 to 63 characters`);
    this.spec = spec;
  }

  /**
   * A header of the call.
   *
   * @example
   * ```ts
   * Identity.header('user', 'X-User');
   * ```
   */
  static header(field: string, name: string): Identity {
    return new Identity(field, { type: 'Header', header: { name, field } });
  }

  /**
   * A place in the JSON body of the call.
   *
   * @example
   * ```ts
   * Identity.body('user', '$.event.user.id');
   * ```
   */
  static body(field: string, jsonPath: string): Identity {
    return new Identity(field, { type: 'Body', body: { jsonPath, field } });
  }

  /**
   * A claim of the call's bearer token. With a key set only tokens that one of its keys has signed count; without one the
   * claim is recorded as what the caller says.
   *
   * @example
   * ```ts
   * const jwks = { keys: [{ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }] };
   * Identity.jwt('tenant', 'org_id', { jwks, issuer: 'https://login.example.com' });
   * ```
   */
  static jwt(field: string, claim: string, trust?: TokenTrust): Identity {
    const { jwks, issuer, audience } = trust ?? {};
    const keys = jwks === undefined ? undefined : JSON.stringify(jwks);
    return new Identity(field, { type: 'JWT', jwt: present({ claim, field, jwks: keys, issuer, audience }) });
  }
}
