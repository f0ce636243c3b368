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

export function oauth2Injection({ oauth2 }: Spec, secret: Secret): CredentialInjection {
  if (oauth2 === undefined || readTokenEndpoint(oauth2.tokenURL) === undefined)
    return broken('PolicyInvalid');
  const {
    grant: type,
    tokenURL: endpoint,
    scopes,
    audience,
    clientAuthentication: clientPlace = 'Header',
  } = oauth2;
  const clientId = filled(secret, 'client_id');
  const clientSecret = filled(secret, 'client_secret');
  const refreshToken = filled(secret, 'refresh_token');
  const isPublic = type === 'RefreshToken' && clientSecret === undefined;
  const needed = type === 'RefreshToken' ? [clientId, refreshToken] : [clientId, clientSecret];
  if (clientId === undefined || needed.includes(undefined)) return broken('SecretKeyNotFound');
  const sent = [clientId, clientSecret, refreshToken].filter((each) => each !== undefined);
  if (!sent.every((text) => printable.test(text))) return broken('SecretValueInvalid');
  const client = {
    clientId,
    clientPlace,
    ...(isPublic || clientSecret === undefined ? {} : { clientSecret }),
  };
  const grant: TokenGrant =
    type === 'RefreshToken'
      ? { type, ...client, refreshToken: refreshToken ?? '' }
      : { type, ...client, clientSecret: clientSecret ?? '' };
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

export function serviceAccountInjection(
  { providerAuth, secretKey = 'token' }: Spec,
  secret: Secret,
): CredentialInjection {
  const text = secretText(secret, secretKey);
  if (text === undefined) return broken('SecretKeyNotFound');
  const file = objectOf(text);
  const email = textOf(file['client_email'], printable);
  const privateKeyPem = textOf(file['private_key'], privateKey);
  const keyId = textOf(file['private_key_id'], printable);
  const endpoint = endpointOf(providerAuth?.tokenURL, file['token_uri']);
  if (file['type'] !== 'service_account' || email === undefined || privateKeyPem === undefined) {
    return broken('SecretValueInvalid');
  }
  if (endpoint === undefined) return broken('TokenEndpointForeign');
  const grant: TokenGrant = {
    ...{ type: 'ServiceAccount', email, privateKeyPem },
    ...(keyId === undefined ? {} : { keyId }),
  };
  return { type: 'Token', endpoint, grant, ...scopeOf(providerAuth?.scopes ?? [cloudPlatform]) };
}
