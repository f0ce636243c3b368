/**
 * The compiled config of the gateway under load: one provider route, one injected key, JSON bodies captured. Apart so that
 * what the measured gateway has to do can be read in one place.
 */
import { randomBytes } from 'node:crypto';
import { digestOfDocument, type GatewayConfig } from '../../contract/index.ts';
import type { TestCa } from '../../test/egress/test-ca.ts';

export interface BenchConfigOptions {
  readonly ca: TestCa;
  readonly frameKey: Buffer;
  readonly hostname: string;
  readonly originIp: string;
}

export function createGatewayConfig({ ca, frameKey, hostname, originIp }: BenchConfigOptions): GatewayConfig {
  const document = {
    version: 1 as const,
    gateway: { namespace: 'bench', name: 'gw', uid: 'g' },
    listeners: [{ name: 'all', protocol: 'TCP' as const, tlsMode: 'Terminate' as const }],
    ca,
    upstream: {
      additionalTrustPem: ca.certificatePem,
      hostAliases: [{ ip: originIp, hostnames: [hostname] }],
      lookupFamily: 'V4Preferred' as const,
      requestTimeoutMs: 60_000,
    },
    capture: { maxBytes: 65_536, includeContentTypes: ['application/json'] },
    framePeers: [
      {
        pool: 'bench/pool',
        keyBase64: frameKey.toString('base64'),
        agents: Array.from({ length: 8 }, (_, index) => `TaskAgent/bench/agent-${index}`),
      },
    ],
    destinations: {
      defaultPolicy: 'deny-all' as const,
      rules: [
        {
          route: 'AIProviderRoute/bench/llm',
          hostnames: [hostname],
          cidrs: [],
          ports: [],
          protocol: 'TCP' as const,
        },
      ],
      platformCidrs: [],
    },
    providerRoutes: [
      {
        route: { namespace: 'bench', name: 'llm' },
        rules: [
          {
            matches: [{ provider: 'openai', models: ['gpt-4o*'], endpoints: [] }],
            filters: [],
            backends: [],
          },
        ],
      },
    ],
    credentials: [
      {
        policy: { namespace: 'bench', name: 'key' },
        target: { kind: 'AIProviderRoute' as const, namespace: 'bench', name: 'llm' },
        inject: {
          type: 'Header' as const,
          name: 'Authorization',
          value: `Bearer ${randomBytes(24).toString('hex')}`,
        },
      },
    ],
    platform: {
      caPem: '',
      nats: { url: '', jwt: '', seed: '', inbox: '' },
      otlp: { endpoint: '', token: '' },
    },
  };
  return { ...document, digest: digestOfDocument(document) };
}
