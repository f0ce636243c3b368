/** The policy of a pair: the client's provider is open, its calls go to the upstream, and each provider has a key of its own. */
import type { GatewayConfig } from '../../contract/index.ts';
import { createConfig } from '../egress/gateway-config.ts';
import { apis, hosts, type Api } from './apis.ts';

export interface Pair {
  readonly client: Api;
  readonly upstream: Api;
}

export function isTranslated({ client, upstream }: Pair): boolean {
  return client !== upstream;
}

type Backend = GatewayConfig['providerRoutes'][number]['rules'][number]['backends'][number];

function backendsOf(pair: Pair, port: number): Backend[] {
  if (!isTranslated(pair)) return [];
  const { provider, host, model } = apis[pair.upstream];
  return [
    {
      name: 'other',
      weight: 1,
      schema: provider,
      host,
      port,
      modelRewrites: [{ from: '*', to: model }],
      ensureStreamUsage: false,
    },
  ];
}

export interface Place {
  readonly ip: string;
  readonly port: number;
  readonly trustPem: string;
}

export function configOf(pair: Pair, { ip, port, trustPem }: Place): GatewayConfig {
  const { provider } = apis[pair.client];
  const plain = createConfig(ip, port);
  const [rule] = plain.destinations.rules;
  const backends = backendsOf(pair, port);
  const target = { kind: 'AIProviderRoute' as const, namespace: 'default', name: 'llm' };
  return createConfig(ip, port, {
    upstream: {
      ...plain.upstream,
      additionalTrustPem: trustPem,
      hostAliases: [{ ip, hostnames: [...hosts] }],
    },
    destinations: { ...plain.destinations, rules: [{ ...rule!, hostnames: [...hosts] }] },
    providerRoutes: [
      {
        route: { namespace: 'default', name: 'llm' },
        rules: [{ matches: [{ provider, models: [], endpoints: [] }], filters: [], backends }],
      },
    ],
    credentials: [
      {
        policy: { namespace: 'default', name: 'key' },
        target: backends.length === 0 ? target : { ...target, sectionName: 'other' },
        inject: apis[pair.upstream].inject,
      },
    ],
  });
}
