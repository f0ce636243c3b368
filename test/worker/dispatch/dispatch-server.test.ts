/** Who may dispatch to a worker: a real TLS port with certificates of one CA. */
import { request } from 'node:https';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ingressUri, poolUri } from '../../../contract/index.ts';
import { createCa, issueLeaf, type LeafOptions } from '../../../pki/index.ts';
import { DispatchServer } from '../../../worker/dispatch/dispatch-server.ts';

const ca = createCa({ commonName: 'test', years: 1 });
const leaf = (more: Partial<LeafOptions>) =>
  issueLeaf({ ca, commonName: 'x', dnsNames: [], ips: [], ttlMs: 3_600_000, usage: 'client', ...more });
const serverName = 'worker.clrk.internal';
let server: DispatchServer;
let served = 0;

beforeAll(async () => {
  const own = leaf({ dnsNames: [serverName], uris: [poolUri('shop/pool')], usage: 'server' });
  server = await DispatchServer.open({
    host: '127.0.0.1',
    port: 0,
    tls: { ...own, clientCaPem: ca.certificatePem },
    handle: (_request, response) => {
      served += 1;
      response.end('taken');
    },
    onError: () => undefined,
  });
});
afterAll(() => server.close());

function dispatch(client: ReturnType<typeof leaf> | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    const made = request(
      {
        host: '127.0.0.1',
        port: server.port,
        servername: serverName,
        ca: ca.certificatePem,
        ...(client === undefined ? {} : { cert: client.certificatePem, key: client.privateKeyPem }),
        method: 'POST',
        agent: false,
      },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    made.once('error', reject);
    made.end('body');
  });
}

test('the ingress is taken', async () => {
  expect(await dispatch(leaf({ uris: [ingressUri] }))).toBe(200);
});

test.each([
  ['nobody', undefined],
  ['a certificate without a name', leaf({})],
  ['a pool with a client certificate', leaf({ uris: [poolUri('shop/pool')] })],
  ['a name that only looks like it', leaf({ uris: [`${ingressUri}.example`] })],
  ['the name as DNS', leaf({ dnsNames: [ingressUri] })],
  ['a server certificate', leaf({ uris: [ingressUri], usage: 'server' })],
])('S57: %s is not', async (_name, client) => {
  const before = served;
  await expect(dispatch(client)).rejects.toThrow();
  expect(served).toBe(before);
});
