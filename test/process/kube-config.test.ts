/** Addresses of API servers as kubeconfigs write them: a data plane finds its config there. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Type } from 'typebox';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configSecretKey, encodeConfig, environment as variable } from '../../contract/index.ts';
import { watchConfig } from '../../process/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'clrk-test-kube-config-'));
const schema = Type.Object({ digest: Type.String(), word: Type.String() });
const { bytes } = encodeConfig<{ digest: string; word: string }>({ word: 'found' });
const secret = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 's', namespace: 'n', resourceVersion: '1' },
  data: { [configSecretKey]: bytes.toString('base64') },
};
let server: Server;
const watched: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    if (request.url?.includes('watch') === true) {
      watched.push(String(request.headers.host));
      response.write(`${JSON.stringify({ type: 'ADDED', object: secret })}\n`);
    } else response.end(JSON.stringify(secret));
  });
  server.listen(0, '::');
  await once(server, 'listening');
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

test.each(['[::1]', '127.0.0.1'])('an API server at %s is read and watched', async (host) => {
  const address = `${host}:${(server.address() as AddressInfo).port}`;
  const file = join(folder, 'kubeconfig');
  const config = {
    'current-context': 'x',
    clusters: [{ name: 'c', cluster: { server: `http://${address}`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
  };
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...config }));
  const abort = new AbortController();
  const environment = {
    [variable.podNamespace]: 'n',
    [variable.configSecret]: 's',
    [variable.kubeconfig]: file,
  };
  const word = await new Promise<string>((resolve) => {
    const log = pino({ level: 'silent' });
    watchConfig({ environment, schema, log, signal: abort.signal, onConfig: (found) => resolve(found.word) });
  });
  expect(word).toBe('found');
  await expect.poll(() => watched.at(-1), { timeout: 10_000 }).toBe(address);
  abort.abort();
});
