/**
 * Credentials never enter a sandbox and never reach a record: an agent hands out everything it can see (environment,
 * /proc, its whole file system, all it received over the network, from an upstream that echoes the key in every form),
 * and that, every ClickHouse table and every file of the home outside the Secret store are searched for the key.
 */
import { createServer, type Server } from 'node:https';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keptCa } from '../../local/control-plane/certificates.ts';
import { issueLeaf } from '../../pki/index.ts';
import { namespace, secret, shellAgent } from './agents.ts';
import { runCommand } from './clrk-command.ts';
import { DevPlatform } from './dev-platform.ts';
import { needlesOf, searchBytes, searchTree } from './secret-search.ts';
import { dumpTables } from './table-dump.ts';

// Characters that JSON, URLs and Base64 write differently, so that each form is one of its own.
const key = `sk-e2e-"${crypto.randomUUID()}/+?&${crypto.randomUUID()}\\>>`;
const needles = needlesOf(key);
/** One the agent is given openly: what the searches must find where the key must not be. */
const decoy = `sk-e2e-"${crypto.randomUUID()}`;
/** Another than the stand-in's, for an upstream that gives back what it got. */
const echoAddress = '198.51.100.251';

/**
 * Everything the agent can see. Pseudo files are read with a bound (some never end); memory of other processes and
 * devices are not files an agent can read to the end.
 */
const script = `
exec 2>&1
for path in "" hex=1 ?model=x; do
  curl -sS -i -X POST -H 'Content-Type: application/json' -H 'Authorization: Bearer placeholder' \\
    -d '{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}' https://api.openai.com/v1/chat/completions$path
done
echo; echo === environment; env; set
echo === proc
find /proc /sys -maxdepth 6 -type f ! -name kmsg ! -name kcore 2>/dev/null | while read -r file; do
  timeout 2 head -c 1048576 "$file" 2>/dev/null
done
echo === files
find / -xdev -type f ! -path '/proc/*' ! -path '/sys/*' ! -path '/dev/*' -exec cat {} + 2>/dev/null
echo === the end
`;

let platform: DevPlatform;
let upstream: Server;
const received: string[] = [];

/** Gives back the key in its headers and body, in every form, so that whatever is not scrubbed shows. */
async function openEcho(): Promise<Server> {
  const ca = keptCa(platform.home.pki, 'provider-ca');
  const leaf = issueLeaf({
    ca,
    commonName: 'echo',
    dnsNames: ['api.openai.com'],
    ips: [],
    ttlMs: 3_600_000,
    usage: 'server',
  });
  const server = createServer(
    { cert: `${leaf.certificatePem}\n${ca.certificatePem}`, key: leaf.privateKeyPem },
    (request, response) => {
      const { authorization = '' } = request.headers;
      received.push(authorization);
      const basic = Buffer.from(`user:${key}`).toString('base64');
      const forms = [...needles].filter(([name]) => !['utf16', 'json in json'].includes(name));
      const body = { error: { message: `Incorrect API key: ${key}`, headers: request.headers, basic } };
      response.writeHead(request.url?.includes('model') === true ? 401 : 200, {
        'content-type': 'application/json',
        'x-echo': authorization,
        'x-echo-basic': `Basic ${basic}`,
      });
      const text = `${JSON.stringify(body)}\n${forms.map(([name, bytes]) => `${name} ${bytes.toString('latin1')}`).join('\n')}\n`;
      // In two writes, so that the key is split over them.
      response.write(text.slice(0, 40));
      setImmediate(() => response.end(text.slice(40)));
    },
  );
  await runCommand('ip', ['address', 'add', `${echoAddress}/32`, 'dev', 'lo']);
  await new Promise<void>((resolve) => server.listen(443, echoAddress, resolve));
  return server;
}

const group = 'clrk.apoxy.dev';
const object = (kind: string, name: string, spec: object) =>
  ({ apiVersion: `${group}/v1alpha1`, kind, metadata: { name, namespace }, spec }) as never;

beforeAll(async () => {
  platform = await DevPlatform.open();
  upstream = await openEcho();
  await platform.apply(
    secret('echo-key', { token: key }),
    object('EgressGateway', 'echo', {
      defaultPolicy: 'deny-all',
      listeners: [{ name: 'all', protocol: 'TCP' }],
      otlp: { captureBody: { maxBytes: 65_536 } },
      upstreamTLS: {
        additionalTrustBundleSecretRef: { name: 'provider-ca' },
        hostAliases: [{ hostnames: ['api.openai.com'], ip: echoAddress }],
      },
    }),
    object('AIProviderRoute', 'echo', {
      parentRefs: [{ group, kind: 'EgressGateway', name: 'echo' }],
      rules: [{ matches: [{ provider: 'openai' }] }],
    }),
    object('CredentialInjectionPolicy', 'echo', {
      targetRefs: [{ group, kind: 'AIProviderRoute', name: 'echo' }],
      secretRef: { name: 'echo-key' },
      secretKey: 'token',
      target: 'Header',
      headerName: 'Authorization',
      headerValuePrefix: 'Bearer ',
    }),
  );
  await platform.ready('egressgateway/echo');
  await platform.agents(
    shellAgent('searcher', script, { egressRefs: [{ gatewayRef: 'echo' }], timeout: '280s' }),
    shellAgent('leaky', 'cat', { egressRefs: [] }),
  );
}, 300_000);

afterAll(async () => {
  await platform.must(
    'delete',
    'taskagent/searcher',
    'taskagent/leaky',
    'egressgateway/echo',
    '--ignore-not-found',
  );
  upstream.closeAllConnections();
  upstream.close();
  await platform[Symbol.asyncDispose]();
});

describe('the search', () => {
  it('finds the key in every form, in memory and in a file, also across the edge of a read', () => {
    const folder = mkdtempSync(join(tmpdir(), 'clrk-e2e-search-'));
    try {
      for (const [name, needle] of needles) {
        expect(searchBytes(Buffer.concat([Buffer.from('x'), needle, Buffer.from('y')]), needles)).toContain(
          name,
        );
        writeFileSync(join(folder, 'file'), Buffer.concat([Buffer.alloc(4 * 1024 * 1024 - 9, 'x'), needle]));
        expect(searchTree(folder, needles, () => false).found.join()).toContain(`(${name})`);
      }
      for (const wrapped of [`user:${key}`, `Bearer ${key}`, `x${key}`]) {
        const encoded = Buffer.from(wrapped).toString('base64');
        expect(searchBytes(Buffer.from(encoded), needles)).not.toEqual([]);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('finds what an agent does see', async () => {
    const { text } = await platform.call('leaky', { body: decoy, headers: { 'content-type': 'text/plain' } });
    expect(searchBytes(Buffer.from(text, 'latin1'), needlesOf(decoy))).not.toEqual([]);
  });
});

describe('the key', () => {
  it('reaches the upstream and nothing inside the sandbox', async () => {
    const { status, text } = await platform.call('searcher');
    expect(status).toBe(200);
    expect(received).toEqual(Array.from({ length: 3 }, () => `Bearer ${key}`));
    // It did look: the upstream's words, its environment, its root.
    for (const sign of ['Incorrect API key', 'HOME=', 'Linux version', 'root:', '=== the end']) {
      expect(text).toContain(sign);
    }
    expect(text.length).toBeGreaterThan(2_000_000);
    expect(searchBytes(Buffer.from(text, 'latin1'), needles)).toEqual([]);
  }, 300_000);

  it('is in no table of ClickHouse', async () => {
    const { text, tables } = await dumpTables(platform);
    expect(tables).toEqual(expect.arrayContaining(['otel_logs', 'otel_traces', 'invocations']));
    // The calls are in it, and what the other agent wrote is found.
    expect(text).toContain('api.openai.com');
    expect(searchBytes(Buffer.from(text), needlesOf(decoy))).not.toEqual([]);
    expect(searchBytes(Buffer.from(text), needles)).toEqual([]);
  }, 120_000);

  it('is in no file of the home but the Secret store', () => {
    const { home } = platform;
    const skip = (path: string): boolean => path === home.etcd;
    const { found, files } = searchTree(home.root, needles, skip);
    expect(files).toBeGreaterThan(50);
    expect(found).toEqual([]);
    // The Secret store does hold it: the same search finds it there.
    expect(searchTree(home.etcd, needles, () => false).found).not.toEqual([]);
  }, 120_000);
});
