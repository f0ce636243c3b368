/** What is policy and what is not: the digest that a gateway reports and the one compiled from git meet on the first alone. */
import { describe, expect, test } from 'vitest';
import {
  gatewayPolicyDigest,
  poolPolicyDigest,
  type GatewayConfig,
  type PoolConfig,
  type TokenInjection,
} from '../../contract/index.ts';

const platform = {
  caPem: '',
  nats: { url: '', jwt: '', seed: '', inbox: '' },
  otlp: { endpoint: '', token: '' },
};
const credential: GatewayConfig['credentials'][number] = {
  policy: { namespace: 'd', name: 'key' },
  target: { kind: 'AIProviderRoute', namespace: 'd', name: 'r' },
  inject: { type: 'Header', name: 'authorization', value: 'sk-1' },
  source: { namespace: 'd', name: 's', key: 'token' },
};
const keys = { accessKeyId: 'AKIA1', secretAccessKey: 's1' };
const signing: Extract<GatewayConfig['credentials'][number]['inject'], { type: 'AWSv4' }> = {
  type: 'AWSv4',
  keys,
  service: 'bedrock',
  region: 'eu-central-1',
};
const withSigning = (inject: typeof signing): Partial<GatewayConfig> => ({
  credentials: [{ ...credential, inject }],
});
const rule = {
  ...{ route: 'EgressL4Route/d/l4', hostnames: ['a.example.com'], cidrs: [], ports: [] },
  ...{ protocol: 'TCP' as const, sourceAgents: ['TaskAgent/d/a', 'TaskAgent/d/b'] },
};
const source = { namespace: 'd', name: 'otel', key: 'token' };
const header = { name: 'authorization', value: 'Bearer 1', source };
const recordExport = { endpoint: 'https://otel', headers: [header] };
const sink = { name: 'archive', ...recordExport };
const gateway: GatewayConfig = {
  version: 1,
  digest: 'sha256:1',
  gateway: { namespace: 'd', name: 'g', uid: 'u' },
  listeners: [{ name: 'l', protocol: 'HTTPS', tlsMode: 'Terminate' }],
  ca: { certificatePem: 'c', privateKeyPem: 'k' },
  upstream: {
    additionalTrustPem: 'pem',
    additionalTrustSource: { namespace: 'd', name: 'ca' },
    hostAliases: [],
    lookupFamily: 'V4Preferred',
    requestTimeoutMs: 1,
  },
  capture: { maxBytes: 1, includeContentTypes: [] },
  framePeers: [{ pool: 'd/p', keyBase64: 'k', agents: ['TaskAgent/d/a', 'TaskAgent/d/b'] }],
  destinations: { defaultPolicy: 'deny-all', rules: [rule], denials: [], platformCidrs: ['10.96.0.0/12'] },
  providerRoutes: [{ route: { namespace: 'd', name: 'r' }, rules: [] }],
  providerDenials: [],
  mcpRoutes: [],
  credentials: [credential],
  recordExport,
  recordSinks: [sink],
  platform,
};
const pool: PoolConfig = {
  version: 1,
  digest: 'sha256:1',
  pool: { namespace: 'd', name: 'p', uid: 'u' },
  frameKeyBase64: 'k',
  dispatchTls: { certificatePem: 'c', privateKeyPem: 'k', clientCaPem: 'a' },
  maxExecutionsPerWorker: 0,
  agents: [
    {
      ...{ kind: 'TaskAgent', namespace: 'd', name: 'a', uid: 'u', revisions: [], timeoutMs: 1 },
      ...{ maxConcurrent: 0, resources: { cpuMillis: 1, memoryBytes: 1, ephemeralStorageBytes: 0 } },
      ...{ warmPoolSize: 0, warmPoolIdleTtlMs: 1, deliveryMode: 'Stdin', gateways: ['d/g', 'd/h'] },
    },
  ],
  gateways: [{ id: 'd/g', caPem: 'c', destinations: gateway.destinations }],
  registries: [],
  platform,
};
const [agent] = pool.agents;
const { destinations } = gateway;

describe('a gateway', () => {
  test.each<[string, Partial<GatewayConfig>]>([
    ['its own digest', { digest: 'sha256:2' }],
    ['its UID', { gateway: { ...gateway.gateway, uid: 'v' } }],
    ['its CA', { ca: { certificatePem: 'x', privateKeyPem: 'y' } }],
    ['the platform', { platform: { ...platform, caPem: 'x' } }],
    ['ranges of the platform', { destinations: { ...destinations, platformCidrs: [] } }],
    ['bytes of a trust bundle', { upstream: { ...gateway.upstream, additionalTrustPem: 'other' } }],
    [
      'the value of a Secret',
      { credentials: [{ ...credential, inject: { ...credential.inject, value: 'x' } as never }] },
    ],
    [
      'the value of a header of the export that is from a Secret',
      { recordExport: { ...recordExport, headers: [{ ...header, value: 'other', source }] } },
    ],
    [
      'the value of a header of a sink that is from a Secret',
      { recordSinks: [{ ...sink, headers: [{ ...header, value: 'other', source }] }] },
    ],
    ['pools and their keys', { framePeers: [{ ...gateway.framePeers[0]!, pool: 'd/q', keyBase64: 'x' }] }],
    [
      'in which order agents are listed',
      {
        framePeers: [{ ...gateway.framePeers[0]!, agents: ['TaskAgent/d/b', 'TaskAgent/d/a'] }],
        destinations: {
          ...destinations,
          rules: [{ ...rule, sourceAgents: [...rule.sourceAgents].reverse() }],
        },
      },
    ],
  ])('%s is no policy', (_what, change) => {
    expect(gatewayPolicyDigest({ ...gateway, ...change })).toBe(gatewayPolicyDigest(gateway));
  });

  test.each<[string, Partial<GatewayConfig>]>([
    ['where records are copied to', { recordExport: { ...recordExport, endpoint: 'https://other' } }],
    ['where a sink is', { recordSinks: [{ ...sink, endpoint: 'https://other' }] }],
    ['the name of a sink', { recordSinks: [{ ...sink, name: 'other' }] }],
    ['that there is a sink', { recordSinks: [] }],
    ['that nothing is sent there', { recordExport: { ...recordExport, broken: 'SecretNotFound' } }],
    [
      'which Secret a header of the export is from',
      { recordExport: { ...recordExport, headers: [{ ...header, source: { ...source, name: 'x' } }] } },
    ],
    [
      'a header of the export that is written out',
      { recordExport: { ...recordExport, headers: [{ name: header.name, value: 'written' }] } },
    ],
    ['its name', { gateway: { ...gateway.gateway, name: 'h' } }],
    ['a listener', { listeners: [] }],
    [
      'which Secret is trusted',
      { upstream: { ...gateway.upstream, additionalTrustSource: { namespace: 'd', name: 'x' } } },
    ],
    [
      'a pinned host',
      { upstream: { ...gateway.upstream, hostAliases: [{ ip: '1.2.3.4', hostnames: ['a'] }] } },
    ],
    ['what is kept of bodies', { capture: { maxBytes: 2, includeContentTypes: [] } }],
    ['whom it takes', { framePeers: [{ ...gateway.framePeers[0]!, agents: ['TaskAgent/d/a'] }] }],
    [
      'a destination',
      { destinations: { ...destinations, rules: [{ ...rule, hostnames: ['b.example.com'] }] } },
    ],
    [
      'whom a destination is for',
      { destinations: { ...destinations, rules: [{ ...rule, sourceAgents: [] }] } },
    ],
    [
      'a denial of destinations',
      { destinations: { ...destinations, denials: [{ ...rule, policy: 'd/deny' }] } },
    ],
    ['the default', { destinations: { ...destinations, defaultPolicy: 'allow-all' } }],
    ['a route', { providerRoutes: [] }],
    [
      'which Secret a credential is from',
      { credentials: [{ ...credential, source: { ...credential.source!, name: 'x' } }] },
    ],
    [
      'where a credential goes',
      { credentials: [{ ...credential, inject: { ...credential.inject, name: 'x-api-key' } as never }] },
    ],
    [
      'a Secret that is missing',
      { credentials: [{ ...credential, inject: { type: 'Broken', reason: 'SecretNotFound' } }] },
    ],
  ])('%s is policy', (_what, change) => {
    expect(gatewayPolicyDigest({ ...gateway, ...change })).not.toBe(gatewayPolicyDigest(gateway));
  });

  const signingGateway = { ...gateway, ...withSigning(signing) };

  test.each<[string, typeof signing]>([
    ['a key', { ...signing, keys: { ...keys, accessKeyId: 'AKIA2', secretAccessKey: 's2' } }],
    ['the token of a session', { ...signing, keys: { ...keys, sessionToken: 't' } }],
  ])('%s of AWS is no policy', (_what, inject) => {
    const other = { ...gateway, ...withSigning(inject) };
    expect(gatewayPolicyDigest(other)).toBe(gatewayPolicyDigest(signingGateway));
  });

  test.each<[string, typeof signing]>([
    ['a service', { ...signing, service: 's3' }],
    ['a region', { ...signing, region: 'us-east-1' }],
    ['that nothing is signed', { type: 'AWSv4', service: 'bedrock', region: 'eu-central-1' }],
  ])('%s of AWS is policy', (_what, inject) => {
    const other = { ...gateway, ...withSigning(inject) };
    expect(gatewayPolicyDigest(other)).not.toBe(gatewayPolicyDigest(signingGateway));
  });

  const client = { ...{ type: 'ClientCredentials' as const, clientId: 'i' }, clientPlace: 'Header' as const };
  const token: TokenInjection = {
    ...{ type: 'Token', endpoint: 'https://a.example/t', scope: 's' },
    grant: { ...client, clientSecret: 's1' },
  };
  const withToken = (inject: TokenInjection) =>
    gatewayPolicyDigest({ ...gateway, credentials: [{ ...credential, inject }] });

  test.each<[string, boolean, TokenInjection]>([
    ['another secret', false, { ...token, grant: { ...client, clientSecret: 's2' } }],
    ['another client', false, { ...token, grant: { ...client, clientId: 'j', clientSecret: 's1' } }],
    ['another endpoint', true, { ...token, endpoint: 'https://b.example/t' }],
    ['another scope', true, { ...token, scope: 't' }],
    ['an audience', true, { ...token, audience: 'a' }],
    ['the form', true, { ...token, grant: { ...client, clientSecret: 's1', clientPlace: 'Body' } }],
    ['another grant', true, { ...token, grant: { ...client, type: 'RefreshToken', refreshToken: 'r' } }],
  ])('a token with %s is other policy: %s', (_what, isPolicy, other) => {
    expect(withToken(other) !== withToken(token)).toBe(isPolicy);
  });

  test('a field nobody thought of here is policy', () => {
    expect(gatewayPolicyDigest({ ...gateway, later: 1 } as never)).not.toBe(gatewayPolicyDigest(gateway));
  });
});

describe('a pool', () => {
  test.each<[string, Partial<PoolConfig>]>([
    ['its keys', { frameKeyBase64: 'x' }],
    ['what an agent is run with', { agents: [{ ...agent!, timeoutMs: 2, warmPoolSize: 3 }] }],
    ['the CA of a gateway', { gateways: [{ id: 'd/g', destinations }] }],
    [
      'ranges of the platform',
      { gateways: [{ id: 'd/g', destinations: { ...destinations, platformCidrs: [] } }] },
    ],
    ['a gateway no agent names', { gateways: [...pool.gateways, { id: 'd/z', destinations }] }],
  ])('%s is no policy', (_what, change) => {
    expect(poolPolicyDigest({ ...pool, ...change })).toBe(poolPolicyDigest(pool));
  });

  test.each<[string, Partial<PoolConfig>]>([
    ['an agent', { agents: [] }],
    ['in which order an agent asks its gateways', { agents: [{ ...agent!, gateways: ['d/h', 'd/g'] }] }],
    ['a gateway that is missing', { gateways: [] }],
    ['what is opened', { gateways: [{ id: 'd/g', destinations: { ...destinations, rules: [] } }] }],
  ])('%s is policy', (_what, change) => {
    expect(poolPolicyDigest({ ...pool, ...change })).not.toBe(poolPolicyDigest(pool));
  });
});
