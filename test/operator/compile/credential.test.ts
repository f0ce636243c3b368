import { describe, expect, it } from 'vitest';
import { compileInjection, encodeSecretData } from '../../../operator/compile/index.ts';
import type { CredentialInjectionPolicy } from '../../../operator/kind.ts';
import type { KubeObject } from '../../../operator/runtime/index.ts';
import { TestWorld } from '../compiled-world.ts';
import { manifest } from '../manifest.ts';

const secretOf = (data: Record<string, string>): KubeObject =>
  ({
    kind: 'Secret',
    metadata: { namespace: 'default', name: 'aws', uid: 's' },
    data: encodeSecretData(data),
  }) as KubeObject;

function compiled(spec: object, ...secrets: readonly KubeObject[]) {
  const policy = manifest('CredentialInjectionPolicy', 'key', {
    targetRefs: [{ group: 'clrk.apoxy.dev', kind: 'AIProviderRoute', name: 'bedrock' }],
    secretRef: { name: 'aws' },
    ...spec,
  });
  return compileInjection(new TestWorld(secrets).world, policy as unknown as CredentialInjectionPolicy);
}

const aws = { target: 'ProviderAuth', providerAuth: { type: 'AWSv4' } };
const pair = { access_key_id: 'AKID\n', secret_access_key: ' secret ' };

describe('a signature', () => {
  it('has its keys without the line ends of editors, and no service where none is named', () => {
    expect(compiled(aws, secretOf(pair))).toEqual({
      type: 'AWSv4',
      keys: { accessKeyId: 'AKID', secretAccessKey: 'secret' },
    });
  });

  it('has region, service and the token of a session', () => {
    const providerAuth = { type: 'AWSv4', region: 'eu-west-1', service: 'execute-api' };
    expect(compiled({ ...aws, providerAuth }, secretOf({ ...pair, session_token: 'T=' }))).toEqual({
      type: 'AWSv4',
      keys: { accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken: 'T=' },
      service: 'execute-api',
      region: 'eu-west-1',
    });
  });

  it.each([
    ['without its Secret', [], 'SecretNotFound'],
    ['without the secret key', [secretOf({ access_key_id: 'AKID' })], 'SecretKeyNotFound'],
    ['with a key nobody filled in', [secretOf({ ...pair, secret_access_key: ' \n' })], 'SecretKeyNotFound'],
    [
      'with a key that would end a field',
      [secretOf({ ...pair, access_key_id: 'A\r\nX: b' })],
      'SecretValueInvalid',
    ],
    ['with a comma in its key', [secretOf({ ...pair, access_key_id: 'A,B' })], 'SecretValueInvalid'],
    [
      'with a token that would end a field',
      [secretOf({ ...pair, session_token: 'a\nb' })],
      'SecretValueInvalid',
    ],
  ])('%s refuses the call', (_title, secrets, reason) => {
    expect(compiled(aws, ...secrets)).toEqual({ type: 'Broken', reason });
  });
});

describe('a key in a header', () => {
  const header = { target: 'Header', headerName: 'X-Api-Key', secretKey: 'k' };

  it('is the text of its Secret behind its prefix, without one line end', () => {
    expect(compiled({ ...header, headerValuePrefix: 'Bearer ' }, secretOf({ k: 'abc\n' }))).toEqual({
      type: 'Header',
      name: 'x-api-key',
      value: 'Bearer abc',
    });
  });

  it.each([
    ['another key of the Secret', secretOf({ other: 'x' }), 'SecretKeyNotFound'],
    ['two lines', secretOf({ k: 'a\nb\n' }), 'SecretValueInvalid'],
  ])('with %s refuses the call', (_title, secret, reason) => {
    expect(compiled(header, secret)).toEqual({ type: 'Broken', reason });
  });
});

describe('user and password', () => {
  it('are one header, without the line ends of editors', () => {
    expect(compiled({ target: 'Basic' }, secretOf({ username: 'bot\n', password: 'p:ä w\n' }))).toEqual({
      type: 'Header',
      name: 'authorization',
      value: `Basic ${Buffer.from('bot:p:ä w').toString('base64')}`,
    });
  });

  it.each([
    ['no password', { username: 'a' }, 'SecretKeyNotFound'],
    ['an empty password', { username: 'a', password: '' }, 'SecretValueInvalid'],
    ['a colon in the name', { username: 'a:b', password: 'c' }, 'SecretValueInvalid'],
    ['two lines', { username: 'a', password: 'b\nc' }, 'SecretValueInvalid'],
  ])('with %s refuse the call', (_title, data, reason) => {
    expect(compiled({ target: 'Basic' }, secretOf(data))).toEqual({ type: 'Broken', reason });
  });
});

describe('a token', () => {
  const tokenURL = 'https://login.example.com/token';
  const oauth2 = (change: object = {}) => ({
    target: 'OAuth2',
    oauth2: { grant: 'ClientCredentials', tokenURL, ...change },
  });
  const client = { client_id: 'id\n', client_secret: ' secret ' };

  it('of a client has its keys, and where they go', () => {
    const asked = { scopes: ['a', 'b'], audience: 'api', clientAuthentication: 'Body' };
    expect(compiled(oauth2(asked), secretOf(client))).toEqual({
      ...{ type: 'Token', endpoint: tokenURL, scope: 'a b', audience: 'api' },
      grant: { type: 'ClientCredentials', clientId: 'id', clientSecret: 'secret', clientPlace: 'Body' },
    });
  });

  it('of a person may be without the secret of a client', () => {
    const secret = secretOf({ client_id: 'id', refresh_token: 'r' });
    expect(compiled(oauth2({ grant: 'RefreshToken' }), secret)).toEqual({
      ...{ type: 'Token', endpoint: tokenURL },
      grant: { type: 'RefreshToken', clientId: 'id', refreshToken: 'r', clientPlace: 'Header' },
    });
  });

  const file = {
    ...{ type: 'service_account', client_email: 'a@p.iam.gserviceaccount.com', private_key_id: 'k' },
    private_key: '-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n',
    token_uri: 'https://oauth2.googleapis.com/token',
  };
  const gcp = (change: object = {}) => ({
    target: 'ProviderAuth',
    providerAuth: { type: 'GCPServiceAccount', ...change },
    secretKey: 'key.json',
  });
  const keyFile = (change: object = {}) => secretOf({ 'key.json': JSON.stringify({ ...file, ...change }) });

  it.each([
    ['Google’s', {}, {}, file.token_uri],
    ['the older one', {}, { token_uri: 'https://accounts.google.com/o/oauth2/token' }, file.token_uri],
    ['the policy’s', { tokenURL }, { token_uri: 'https://evil.example.com/token' }, tokenURL],
  ])('of a service account is asked for at %s', (_title, change, inFile, endpoint) => {
    expect(compiled(gcp(change), keyFile(inFile))).toEqual({
      ...{ type: 'Token', endpoint, scope: 'https://www.googleapis.com/auth/cloud-platform' },
      grant: {
        ...{ type: 'ServiceAccount', email: file.client_email, keyId: 'k', privateKeyPem: file.private_key },
      },
    });
  });

  it.each([
    ['no key of the client', oauth2(), secretOf({ client_id: 'id' }), 'SecretKeyNotFound'],
    ['no refresh token', oauth2({ grant: 'RefreshToken' }), secretOf(client), 'SecretKeyNotFound'],
    ['a secret of two lines', oauth2(), secretOf({ ...client, client_secret: 'a\nb' }), 'SecretValueInvalid'],
    ['an address', oauth2({ tokenURL: 'https://10.0.0.1/token' }), secretOf(client), 'PolicyInvalid'],
    [
      'an endpoint in the clear',
      oauth2({ tokenURL: 'http://a.example/t' }),
      secretOf(client),
      'PolicyInvalid',
    ],
    ['no key file', gcp(), secretOf({ 'key.json': 'text' }), 'SecretValueInvalid'],
    ['a key file of another kind', gcp(), keyFile({ type: 'authorized_user' }), 'SecretValueInvalid'],
    ['no private key', gcp(), keyFile({ private_key: 'x' }), 'SecretValueInvalid'],
    [
      'another endpoint in its file',
      gcp(),
      keyFile({ token_uri: 'https://evil.example.com/token' }),
      'TokenEndpointForeign',
    ],
  ])('with %s refuses the call', (_title, spec, secret, reason) => {
    expect(compiled(spec, secret)).toEqual({ type: 'Broken', reason });
  });
});
