/** A gateway of which `llm` opens gpt-4o* at OpenAI and `l4` one host, with a key for all that routes open. */
import type { GatewayConfig } from '../../contract/index.ts';
import { createConfig } from '../egress/gateway-config.ts';

type Destinations = GatewayConfig['destinations'];

export const ruleOf = (route: string, hostname: string): Destinations['rules'][number] => ({
  ...{ route, hostnames: [hostname], cidrs: [], ports: [{ start: 443, end: 443 }] },
  protocol: 'TCP',
});

export function routedConfig(
  destinations: Omit<Destinations, 'rules' | 'platformCidrs'> & Partial<Destinations>,
): GatewayConfig {
  const base = createConfig('192.0.2.1', 443);
  const key = base.credentials[0]!;
  return {
    ...base,
    destinations: {
      rules: [
        ruleOf('AIProviderRoute/default/llm', 'api.openai.com'),
        ruleOf('EgressL4Route/default/l4', 'l4.example.com'),
      ],
      platformCidrs: ['203.0.113.0/24'],
      ...destinations,
    },
    credentials: [{ ...key, target: { kind: 'EgressGateway', namespace: 'default', name: 'main' } }],
  };
}
