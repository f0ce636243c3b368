/**
 * A key in a Secret and where it goes on a request. It names the Secret only: the value is read by the operator, put on
 * the request by the gateway, and seen by neither this program nor the sandbox.
 */
import type { CredentialInjectionPolicySpec } from '../api/index.ts';
import { present } from './custom-resource.ts';

/** One value of a Secret in the policy's namespace; a cdk8s-plus `ISecret` is one too. */
export interface SecretValue {
  readonly name: string;
  /** @default token */
  readonly key?: string;
}

export interface AwsCredentialProps {
  /** Secret with access_key_id, secret_access_key and optionally session_token. */
  readonly secret: { readonly name: string };
  /** @default derived from the host */
  readonly region?: string;
  /** @default bedrock */
  readonly service?: string;
}

// RFC 9110 5.6.2: token.
const headerNamePattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/;

type CredentialSpec = Omit<CredentialInjectionPolicySpec, 'targetRefs'>;

export class Credential {
  /** The part of a CredentialInjectionPolicy's spec that is not its target. */
  readonly spec: CredentialSpec;

  private constructor(spec: CredentialSpec) {
    this.spec = spec;
  }

  /** `Authorization: Bearer <value>`; the Secret holds the bare key. */
  static bearer(secret: SecretValue): Credential {
    return Credential.header('Authorization', secret, { prefix: 'Bearer ' });
  }

  /** `<header>: <prefix><value>`. */
  static header(
    headerName: string,
    secret: SecretValue,
    options: { readonly prefix?: string } = {},
  ): Credential {
    if (!headerNamePattern.test(headerName)) throw new Error(`"${headerName}" is not a header name`);
    return new Credential({
      target: 'Header',
      headerName,
      ...present({ headerValuePrefix: options.prefix }),
      ...secretOf(secret),
    });
  }

  /** `?<parameter>=<value>`. */
  static queryParam(queryParamName: string, secret: SecretValue): Credential {
    if (queryParamName === '') throw new Error('a query parameter needs a name');
    return new Credential({ target: 'QueryParam', queryParamName, ...secretOf(secret) });
  }

  /** AWS Signature Version 4. */
  static awsV4({ secret, region, service }: AwsCredentialProps): Credential {
    return new Credential({
      target: 'ProviderAuth',
      providerAuth: present({ type: 'AWSv4' as const, region, service }),
      secretRef: { name: secret.name },
    });
  }
}

function secretOf({ name, key = 'token' }: SecretValue): Pick<CredentialSpec, 'secretRef' | 'secretKey'> {
  return { secretRef: { name }, secretKey: key };
}
