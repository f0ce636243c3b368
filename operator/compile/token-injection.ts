/**
 * OAuth2 and service accounts to what the gateway asks tokens by. What cannot be asked for compiles to `Broken`, which refuses the call.
 * Reasons never contain a byte of the Secret.
 */
import type { CredentialInjection, TokenGrant } from '../../contract/index.ts';
import { googleTokenEndpoint, isGoogleEndpoint, readTokenEndpoint } from '../../decision/index.ts';
import type { CredentialInjectionPolicy, Secret } from '../kind.ts';
import { secretText } from './secret-value.ts';

type Spec = CredentialInjectionPolicy['spec'];

const cloudPlatform = 'https://www.googleapis.com/auth/cloud-platform';
/** RFC 6749 A.1, A.2 and A.17: printable ASCII. */
const printable = /^[\x20-\x7e]+$/;
const privateKey = /^-----BEGIN (RSA )?PRIVATE KEY-----[A-Za-z0-9+/=\s]+-----END (RSA )?PRIVATE KEY-----\s*$/;

function broken(reason: string): CredentialInjection {
  return { type: 'Broken', reason };
}

/** Without the line end of an editor; undefined: it is missing, or nobody filled it in. */
function filled(secret: Secret, key: string): string | undefined {
  const text = secretText(secret, key)?.trim();
  return text === '' ? undefined : text;
}

function scopeOf(scopes: readonly string[] | undefined): { readonly scope?: string } {
  return scopes === undefined ? {} : { scope: scopes.join(' ') };
}

type OAuth2 = NonNullable<Spec['oauth2']>;

/** undefined: a key is missing. A public client has no secret of its own, and only a person's token is for it. */
function grantOf(oauth2: OAuth2, secret: Secret): TokenGrant | undefined {
  const { grant: type, clientAuthentication: clientPlace = 'Header' } = oauth2;
  const clientId = filled(secret, 'client_id');
  const clientSecret = filled(secret, 'client_secret');
  if (clientId === undefined) return undefined;
  if (type === 'ClientCredentials') {
    return clientSecret === undefined ? undefined : { type, clientId, clientSecret, clientPlace };
  }
  const refreshToken = filled(secret, 'refresh_token');
  if (refreshToken === undefined) return undefined;
  const ofClient = clientSecret === undefined ? {} : { clientSecret };
  return { type, clientId, ...ofClient, refreshToken, clientPlace };
}

export function oauth2Injection({ oauth2 }: Spec, secret: Secret): CredentialInjection {
  if (oauth2 === undefined || readTokenEndpoint(oauth2.tokenURL) === undefined) {
    return broken('PolicyInvalid');
  }
  const { tokenURL: endpoint, scopes, audience } = oauth2;
  const grant = grantOf(oauth2, secret);
  if (grant === undefined) return broken('SecretKeyNotFound');
  // All of it is text that goes into a form or a field.
  if (!Object.values(grant).every((text) => printable.test(text))) return broken('SecretValueInvalid');
  return {
    ...{ type: 'Token', endpoint, grant },
    ...scopeOf(scopes),
    ...(audience === undefined ? {} : { audience }),
  };
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function textOf(value: unknown, shape: RegExp): string | undefined {
  return typeof value === 'string' && value.length <= 16_384 && shape.test(value) ? value : undefined;
}

/** A key file says where it is used; only a policy may say another place than Google's. */
function endpointOf(tokenURL: string | undefined, said: unknown): string | undefined {
  if (tokenURL !== undefined) return readTokenEndpoint(tokenURL) && tokenURL;
  const isOurs = said === undefined || (typeof said === 'string' && isGoogleEndpoint(said));
  return isOurs ? googleTokenEndpoint : undefined;
}

/** undefined: it is no key file of a service account. */
function accountOf(file: Readonly<Record<string, unknown>>): TokenGrant | undefined {
  const email = textOf(file['client_email'], printable);
  const privateKeyPem = textOf(file['private_key'], privateKey);
  const keyId = textOf(file['private_key_id'], printable);
  if (file['type'] !== 'service_account') return undefined;
  if (email === undefined || privateKeyPem === undefined) return undefined;
  return { type: 'ServiceAccount', email, privateKeyPem, ...(keyId === undefined ? {} : { keyId }) };
}

export function serviceAccountInjection(
  { providerAuth, secretKey = 'token' }: Spec,
  secret: Secret,
): CredentialInjection {
  const text = secretText(secret, secretKey);
  if (text === undefined) return broken('SecretKeyNotFound');
  const file = objectOf(text);
  const grant = accountOf(file);
  if (grant === undefined) return broken('SecretValueInvalid');
  const endpoint = endpointOf(providerAuth?.tokenURL, file['token_uri']);
  if (endpoint === undefined) return broken('TokenEndpointForeign');
  return { type: 'Token', endpoint, grant, ...scopeOf(providerAuth?.scopes ?? [cloudPlatform]) };
}
