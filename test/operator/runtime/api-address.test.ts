/** Where the client connects to, by the address a kubeconfig names. */
import { createServer } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { ApiClient, builtins } from '../../../operator/runtime/index.ts';
import { createCa, issueLeaf } from '../../../pki/index.ts';

const ca = createCa({ commonName: 'test', years: 1 });

async function answerAt(host: string, written: string): Promise<unknown> {
  const wish = { commonName: 'api', dnsNames: [], ips: [host], ttlMs: 60_000, usage: 'server' } as const;
  const { certificatePem: cert, privateKeyPem: key } = issueLeaf({ ca, ...wish });
  const server = createServer({ cert, key }, (request, response) => {
    response.end(JSON.stringify({ kind: 'Namespace', metadata: { name: request.url } }));
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as { readonly port: number };
  const config = new KubeConfig();
  const caData = Buffer.from(ca.certificatePem).toString('base64');
  config.loadFromClusterAndUser(
    { name: 'c', server: `https://${written}:${port}`, caData, skipTLSVerify: false },
    { name: 'u' },
  );
  try {
    return await new ApiClient(config).get(builtins.namespaces, { name: 'n' });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe('ApiClient', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '[::1]'],
  ])('connects to %s written as %s, its certificate checked against the address', async (host, written) => {
    expect(await answerAt(host, written)).toMatchObject({ metadata: { name: '/api/v1/namespaces/n' } });
  });
});
