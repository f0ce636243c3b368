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
