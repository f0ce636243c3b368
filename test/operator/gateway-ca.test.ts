/** Whom a sandbox trusts, and where the key of it is. */
import { expect, it } from 'vitest';
import { encodeSecretData } from '../../operator/compile/index.ts';
import type { KubeObject } from '../../operator/runtime/index.ts';
import { createCa } from '../../pki/index.ts';
import { TestWorld } from './compiled-world.ts';
import { agent, gateway, pool } from './manifest.ts';

const caOf = (name: string): { readonly pem: string; readonly key: string; readonly secret: KubeObject } => {
  const { certificatePem, privateKeyPem } = createCa({ commonName: name, years: 1 });
  const metadata = { namespace: 'default', name: `clrk-egressgateway-ca-${name}`, uid: name };
  const data = encodeSecretData({ 'tls.crt': certificatePem, 'tls.key': privateKeyPem });
  return {
    pem: certificatePem,
    key: privateKeyPem,
    secret: { kind: 'Secret', metadata, data } as KubeObject,
  };
};

it('S44: agents are given the certificates of their own gateways, and no pool the key of one', () => {
  const [own, other] = [caOf('g'), caOf('h')];
  const second = { ...gateway, metadata: { ...gateway.metadata, name: 'h' } };
  const world = new TestWorld([pool, gateway, second, agent()]);
  for (const { secret } of [own, other]) world.bring(secret);
  const document = world.pool();
  expect(document?.gateways.map(({ id, caPem }) => [id, caPem])).toEqual([['default/g', own.pem]]);
  const text = JSON.stringify(document);
  for (const key of [own.key, other.key, other.pem]) expect(text).not.toContain(key.split('\n')[1]);
});
