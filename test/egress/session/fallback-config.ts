/** A gateway's policy with Backends that are tried in turn, each with a key and a model name of its own. */
import type { GatewayConfig, RouteFallback } from '../../../contract/index.ts';
import { createConfig } from '../gateway-config.ts';

type TokenBudget = Extract<
  GatewayConfig['providerRoutes'][number]['rules'][number]['filters'][number],
  { type: 'TokenBudget' }
>;

export interface FallbackConfig extends Partial<RouteFallback> {
  readonly budget?: Omit<TokenBudget, 'type' | 'account'>;
  /** Empty: every model, so that bodies go through unread where nothing else reads them. */
  readonly models?: readonly string[];
  /** Backends keep the agent's name of the model. */
  readonly keepsModel?: boolean;
}

export const keyOf = (name: string): string => `Bearer key-of-${name}`;
export const modelOf = (name: string): string => `model-of-${name}`;

export function inTurn(names: readonly string[], change: FallbackConfig = {}): GatewayConfig {
  const { budget, models = ['gpt-4o*'], keepsModel = false, ...fallback } = change;
  const config = createConfig('192.0.2.1', 443);
  return {
    ...config,
    providerRoutes: [
      {
        route: { namespace: 'default', name: 'llm' },
        fallback: { retries: 5, statuses: [429, 503], maxEjectionMs: 300_000, ...fallback },
        rules: [
          {
            matches: [{ provider: 'openai', models: [...models], endpoints: [] }],
            filters: budget === undefined ? [] : [{ type: 'TokenBudget', account: 'a', ...budget }],
            backends: names.map((name) => ({
              name,
              weight: 1,
              schema: 'openai',
              host: `${name}.example.com`,
              port: 443,
              modelRewrites: keepsModel ? [] : [{ from: '*', to: modelOf(name) }],
              ensureStreamUsage: false,
            })),
          },
        ],
      },
    ],
    credentials: names.map((name) => ({
      policy: { namespace: 'default', name: `key-${name}` },
      target: { kind: 'AIProviderRoute' as const, namespace: 'default', name: 'llm', sectionName: name },
      inject: { type: 'Header' as const, name: 'Authorization', value: keyOf(name) },
    })),
  };
}
