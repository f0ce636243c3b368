/**
 * A key in a Secret and where it goes on a request. It names the Secret only: the value is read by the operator, put on
 * the request by the gateway, and seen by neither this program nor the sandbox.
 */
import type { CredentialInjectionPolicySpec } from '../api/index.ts';
import { present, type INamed } from './custom-resource.ts';

/** One value of a Secret in the policy's namespace; a cdk8s-plus `ISecret` is one too. */
export interface SecretValue extends Pick<INamed, 'name'> {
  /**
   * Where the Secret is. Said only to be held to it: another namespace than the policy's is refused.
   *
   * @default that of the policy, which is that of the route
   */
  readonly namespace?: string;
  /**
   * The key in the Secret.
   *
   * @default token
   */
  readonly key?: string;
}

/** How a header is written. */
export interface HeaderCredentialOptions {
  /**
   * Put before the value, such as `Bearer `.
   *
   * @default the Secret holds all of it
   */
  readonly prefix?: string;
}

/** What AWS requests are signed with. */
export interface AwsCredentialProps {
  /** Secret with access_key_id, secret_access_key and optionally session_token. */
  readonly secret: Pick<SecretValue, 'name' | 'namespace'>;
  /**
   * AWS region.
   *
   * @default derived from the host
   */
  readonly region?: string;
  /**
   * AWS service.
   *
   * @default bedrock
   */
  readonly service?: string;
}

/** What an access token is asked for by. */
export interface OAuth2CredentialProps {
  /** Secret with client_id, client_secret and, for `refreshToken`, refresh_token. */
  readonly secret: Pick<SecretValue, 'name' | 'namespace'>;
  /** The token endpoint, an https:// URL with a name. */
  readonly tokenUrl: string;
  /**
   * What the token is for.
   *
   * @default what the server gives by itself
   */
  readonly scopes?: readonly string[];
  /**
   * Sent as the parameter `audience`.
   *
   * @default none
   */
  readonly audience?: string;
  /**
   * Where client_id and client_secret go.
   *
   * @default Header (HTTP Basic)
   */
  readonly clientAuthentication?: 'Header' | 'Body';
}

/** A service account of Google's. */
export interface GcpServiceAccountProps {
  /** Secret with the JSON key file; name its key, such as key.json. */
  readonly secret: SecretValue;
  /**
   * What the token is for.
   *
   * @default https://www.googleapis.com/auth/cloud-platform
   */
  readonly scopes?: readonly string[];
  /**
   * Where the token is asked for.
   *
   * @default https://oauth2.googleapis.com/token
   */
  readonly tokenUrl?: string;
}

// RFC 9110 5.6.2: token, without what the CRD's pattern leaves out.
const headerNamePattern = /^[!#$%&*+.^_|~0-9A-Za-z-]{1,127}$/;
// They frame or route the request; the CRD refuses them too.
const reservedHeaders: readonly string[] = [
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'keep-alive',
];

/** Undefined for the name of a header that may be set or hidden. */
export function problemOfHeaderName(name: string): string | undefined {
  if (!headerNamePattern.test(name)) return `"${name}" is not a header name`;
  return reservedHeaders.includes(name.toLowerCase()) ? `"${name}" frames or routes the request` : undefined;
}

type CredentialSpec = Omit<CredentialInjectionPolicySpec, 'targetRefs'>;

/**
 * A key in a Secret and where it goes on a request. The agent never sees it; the gateway puts it on.
 *
 * @example
 * ```ts
 * gateway.allowProvider('openai', { credential: Credential.bearer({ name: 'openai', key: 'token' }) });
 * ```
 */
export class Credential {
  /** @internal The part of a CredentialInjectionPolicy's spec that is not its target. */
  readonly spec: CredentialSpec;
  /** @internal Undefined: nobody said. */
  readonly secretNamespace: string | undefined;

  private constructor(spec: CredentialSpec, secretNamespace: string | undefined) {
    this.spec = spec;
    this.secretNamespace = secretNamespace;
  }

  /**
   * `Authorization: Bearer <value>`; the Secret holds the bare key.
   *
   * @example
   * ```ts
   * Credential.bearer({ name: 'openai' });
   * ```
   */
  static bearer(secret: SecretValue): Credential {
    return Credential.header('Authorization', secret, { prefix: 'Bearer ' });
  }

  /**
   * `<header>: <prefix><value>`.
   *
   * @example
   * ```ts
   * Credential.header('x-api-key', { name: 'anthropic' });
   * ```
   */
  static header(headerName: string, secret: SecretValue, options: HeaderCredentialOptions = {}): Credential {
    const problem = problemOfHeaderName(headerName);
    if (problem !== undefined) throw new Error(problem);
    const { prefix } = options;
    if (prefix !== undefined && !/^[ -~]{1,63}$/.test(prefix)) {
      throw new Error('a prefix is 1 to 63 printable ASCII characters');
    }
    const headerValuePrefix = prefix;
    const put = { target: 'Header' as const, headerName, ...present({ headerValuePrefix }) };
    return new Credential({ ...put, ...secretOf(secret) }, secret.namespace);
  }

  /**
   * `?<parameter>=<value>`.
   *
   * @example
   * ```ts
   * Credential.query('key', { name: 'maps' });
   * ```
   */
  static query(queryParamName: string, secret: SecretValue): Credential {
    if (!/^[A-Za-z0-9._~-]{1,127}$/.test(queryParamName)) {
      throw new Error(`"${queryParamName}" is not the name of a query parameter`);
    }
    return new Credential({ target: 'QueryParam', queryParamName, ...secretOf(secret) }, secret.namespace);
  }

  /**
   * AWS Signature Version 4, with the keys `access_key_id`, `secret_access_key` and, where there is one, `session_token` of the
   * Secret. The body is held whole, 32 MiB at most; name the service unless it is Bedrock.
   *
   * @example
   * ```ts
   * Credential.awsSigV4({ secret: { name: 'aws' }, region: 'eu-west-1' });
   * ```
   */
  static awsSigV4({ secret, region, service }: AwsCredentialProps): Credential {
    const providerAuth = present({ type: 'AWSv4' as const, region, service });
    const secretRef = { name: secret.name };
    return new Credential({ target: 'ProviderAuth', providerAuth, secretRef }, secret.namespace);
  }

  /**
   * `Authorization: Basic …` of the keys `username` and `password` of the Secret, as in Secrets of type kubernetes.io/basic-auth.
   *
   * @example
   * ```ts
   * Credential.basic({ name: 'jira' });
   * ```
   */
  static basic({ name, namespace }: Pick<SecretValue, 'name' | 'namespace'>): Credential {
    return new Credential({ target: 'Basic', secretRef: { name } }, namespace);
  }

  /**
   * `Authorization: Bearer …` with a token that the gateway asks `tokenUrl` for as a client of its own (OAuth2 client credentials).
   *
   * @example
   * ```ts
   * Credential.clientCredentials({ secret: { name: 'crm' }, tokenUrl: 'https://login.example.com/oauth2/token' });
   * ```
   */
  static clientCredentials(props: OAuth2CredentialProps): Credential {
    return oauth2('ClientCredentials', props, (spec, namespace) => new Credential(spec, namespace));
  }

  /**
   * `Authorization: Bearer …` with a token that the gateway asks `tokenUrl` for on behalf of a person (OAuth2 refresh token). A server
   * that gives a new refresh token with each answer needs a gateway with one replica that is never restarted: ask it not to.
   *
   * @example
   * ```ts
   * Credential.refreshToken({ secret: { name: 'mail' }, tokenUrl: 'https://login.example.com/oauth2/token' });
   * ```
   */
  static refreshToken(props: OAuth2CredentialProps): Credential {
    return oauth2('RefreshToken', props, (spec, namespace) => new Credential(spec, namespace));
  }

  /**
   * `Authorization: Bearer …` with a token of a Google service account, whose JSON key file the Secret holds.
   *
   * @example
   * ```ts
   * Credential.gcpServiceAccount({ secret: { name: 'vertex', key: 'key.json' } });
   * ```
   */
  static gcpServiceAccount({ secret, scopes, tokenUrl }: GcpServiceAccountProps): Credential {
    const tokenURL = tokenUrl === undefined ? undefined : checkedUrl(tokenUrl);
    const type = 'GCPServiceAccount' as const;
    const providerAuth = present({ type, scopes: scopes && [...scopes], tokenURL });
    return new Credential({ target: 'ProviderAuth', providerAuth, ...secretOf(secret) }, secret.namespace);
  }
}

// The CRD's own.
const urlPattern = /^https:\/\/[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:\/[!-"$-~]*)?$/;

/** A secret is sent there, so it is a place with a name that a certificate can be for. */
function checkedUrl(tokenUrl: string): string {
  const url = urlPattern.test(tokenUrl) && URL.canParse(tokenUrl) ? new URL(tokenUrl) : undefined;
  // However an address was written, this is how it reads.
  if (url === undefined || tokenUrl.length > 512 || /^[\d.]+$/.test(url.hostname)) {
    throw new Error(`"${tokenUrl}" is not a token endpoint: write https:// and a name`);
  }
  return tokenUrl;
}

function oauth2(
  grant: 'ClientCredentials' | 'RefreshToken',
  { secret, tokenUrl, scopes, audience, clientAuthentication }: OAuth2CredentialProps,
  create: (spec: CredentialSpec, namespace: string | undefined) => Credential,
): Credential {
  const asked = present({ scopes: scopes && [...scopes], audience, clientAuthentication });
  const how = { grant, tokenURL: checkedUrl(tokenUrl), ...asked };
  return create({ target: 'OAuth2', oauth2: how, secretRef: { name: secret.name } }, secret.namespace);
}

function secretOf({ name, key = 'token' }: SecretValue): Pick<CredentialSpec, 'secretRef' | 'secretKey'> {
  return { secretRef: { name }, secretKey: key };
}
