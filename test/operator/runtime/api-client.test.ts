/** Addresses of API servers, as kubeconfigs write them. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiClient, builtins } from '../../../operator/runtime/index.ts';

let server: Server;
const asked: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(String(request.headers.host));
    response.end('{"kind":"Secret","metadata":{"name":"s"}}');
  });
  server.listen(0, '::');
  await once(server, 'listening');
});
afterAll(() => server.close());

function configOf(url: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name: 'c', server: url, skipTLSVerify: true }],
    users: [{ name: 'u' }],
    contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
    currentContext: 'x',
  });
  return config;
}

test.each(['[::1]', '127.0.0.1', 'localhost'])('a server at %s is reached', async (host) => {
  const { port } = server.address() as AddressInfo;
  const client = new ApiClient(configOf(`http://${host}:${port}`));
  expect(await client.get(builtins.secrets, { namespace: 'n', name: 's' })).toMatchObject({ kind: 'Secret' });
  expect(asked.pop()).toBe(`${host}:${port}`);
});
