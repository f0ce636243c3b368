/** What is posted to a token endpoint for each grant (RFC 6749 4.4 and 6, RFC 7523). Pure but for the signature's own randomness: there is none in RS256. */
import { createPrivateKey, sign, type KeyObject } from 'node:crypto';
import type { TokenGrant, TokenInjection } from '../../contract/index.ts';

export interface TokenRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

type ServiceAccount = Extract<TokenGrant, { type: 'ServiceAccount' }>;

/** Google takes an hour at most. */
const assertionSeconds = 3_600;
/** A larger key takes longer to sign with than others should wait. */
const maxKeyBits = 4_096;

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function keyOf({ privateKeyPem }: ServiceAccount): KeyObject | undefined {
  try {
    const key = createPrivateKey(privateKeyPem);
    const bits = key.asymmetricKeyType === 'rsa' ? key.asymmetricKeyDetails?.modulusLength : undefined;
    return bits !== undefined && bits >= 2_048 && bits <= maxKeyBits ? key : undefined;
  } catch {
    return undefined;
  }
}

function assertionOf(grant: ServiceAccount, inject: TokenInjection, unixMs: number): string | undefined {
  const key = keyOf(grant);
  if (key === undefined) return undefined;
  const { email, keyId } = grant;
  const iat = Math.floor(unixMs / 1_000);
  const head = base64url({ alg: 'RS256', typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) });
  const claims = base64url({
    iss: email,
    ...(inject.scope === undefined ? {} : { scope: inject.scope }),
    aud: inject.endpoint,
    iat,
    exp: iat + assertionSeconds,
  });
  const text = `${head}.${claims}`;
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
}

/** RFC 6749 2.3.1: each half in the form's own encoding before Base64. */
function basic(id: string, secret: string): string {
  const form = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);
  return `Basic ${Buffer.from(`${form(id)}:${form(secret)}`).toString('base64')}`;
}

function clientRequest(
  grant: Exclude<TokenGrant, ServiceAccount>,
  fields: ReadonlyArray<readonly [string, string]>,
): TokenRequest {
  const { clientId, clientSecret, clientPlace } = grant;
  if (clientSecret !== undefined && clientPlace === 'Header') {
    return { headers: { authorization: basic(clientId, clientSecret) }, body: formOf(fields) };
  }
  const client: Array<readonly [string, string]> = [['client_id', clientId]];
  if (clientSecret !== undefined) client.push(['client_secret', clientSecret]);
  return { headers: {}, body: formOf([...fields, ...client]) };
}

function formOf(fields: ReadonlyArray<readonly [string, string]>): string {
  return new URLSearchParams(fields.map(([name, value]): [string, string] => [name, value])).toString();
}

/** `refreshToken`: the one that the server gave last, where it gave another. undefined: its key cannot sign. */
export function createTokenRequest(
  inject: TokenInjection,
  unixMs: number,
  refreshToken?: string,
): TokenRequest | undefined {
  const { grant, scope, audience } = inject;
  const asked: Array<readonly [string, string]> = [];
  if (scope !== undefined) asked.push(['scope', scope]);
  if (audience !== undefined) asked.push(['audience', audience]);
  switch (grant.type) {
    case 'ClientCredentials':
      return clientRequest(grant, [['grant_type', 'client_credentials'], ...asked]);
    case 'RefreshToken':
      return clientRequest(grant, [
        ['grant_type', 'refresh_token'],
        ['refresh_token', refreshToken ?? grant.refreshToken],
        ...asked,
      ]);
    case 'ServiceAccount': {
      const assertion = assertionOf(grant, inject, unixMs);
      if (assertion === undefined) return undefined;
      const fields: Array<readonly [string, string]> = [
        ['grant_type', 'urn:ietf:params:oauth:grant-type:jwt-bearer'],
        ['assertion', assertion],
      ];
      return { headers: {}, body: formOf(fields) };
    }
    default:
      return grant satisfies never;
  }
}
