/** The policy most tests of egress/ run under: four hosts, one provider route, one key. Apart from the bed that serves it. */
import { randomBytes } from 'node:crypto';
import { digestOfDocument, type GatewayConfig } from '../../contract/index.ts';
import { createTestCa } from './test-ca.ts';

export const frameKey = randomBytes(32);
export const gatewayCa = createTestCa('test gateway');
export const upstreamCa = createTestCa('test upstream');
export const hosts = [
  'api.openai.com',
  'api.anthropic.com',
  'generativelanguage.googleapis.com',
  'files.example.com',
];
export const secret = 'sk-real-4f9d0c71b2aa';

/** A compiled config that opens the hosts above; `change` overrides whole members. */
export function createConfig(
  upstreamIp: string,
  port: number,
  change: Partial<GatewayConfig> = {},
): GatewayConfig {
  const ports = [{ start: port, end: port }];
  const rule = (route: string, hostnames: string[]) => ({
    route,
    hostnames,
    cidrs: [],
    ports,
    protocol: 'TCP' as const,
  });
  const document = {
    version: 1 as const,
    gateway: { namespace: 'default', name: 'main', uid: 'g-1' },
    listeners: [{ name: 'all', protocol: 'TCP' as const, tlsMode: 'Terminate' as const }],
    ca: gatewayCa,
    upstream: {
      additionalTrustPem: upstreamCa.certificatePem,
      hostAliases: [{ ip: upstreamIp, hostnames: hosts }],
      lookupFamily: 'V4Preferred' as const,
      requestTimeoutMs: 20_000,
    },
    capture: { maxBytes: 65536, includeContentTypes: ['application/json', 'text/event-stream'] },
    framePeers: [
      {
        pool: 'default/pool',
        keyBase64: frameKey.toString('base64'),
        agents: ['TaskAgent/default/hello', 'TaskAgent/default/other'],
      },
    ],
    destinations: {
      defaultPolicy: 'deny-all' as const,
      rules: [
        rule('AIProviderRoute/default/llm', hosts.slice(0, 3)),
        rule('EgressL4Route/default/files', ['files.example.com']),
      ],
      platformCidrs: [],
    },
    providerRoutes: [
      {
        route: { namespace: 'default', name: 'llm' },
        rules: [
          {
            matches: [
              { provider: 'openai', models: ['gpt-4o*'], endpoints: [] },
              { provider: 'anthropic', models: [], endpoints: ['/v1/messages'] },
              { provider: 'google', models: ['gemini-*'], endpoints: [] },
            ],
            filters: [],
            backends: [],
          },
        ],
      },
    ],
    credentials: [
      {
        policy: { namespace: 'default', name: 'key' },
        target: { kind: 'AIProviderRoute' as const, namespace: 'default', name: 'llm' },
        inject: { type: 'Header' as const, name: 'Authorization', value: `Bearer ${secret}` },
      },
    ],
    platform: {
      caPem: '',
      nats: { url: 'nats://127.0.0.1:1', jwt: '', seed: '', inbox: '_INBOX.x' },
      otlp: { endpoint: 'http://127.0.0.1:1', token: 'x' },
    },
    ...change,
  };
  return { ...document, digest: digestOfDocument(document) };
}
