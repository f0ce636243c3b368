/** What a WebSocket of a provider may be opened for, and what each of its messages may do. */
import { describe, expect, test } from 'vitest';
import type { GatewayConfig, ProviderRule } from '../../contract/index.ts';
import {
  callOfMessage,
  decideMessage,
  kindOfMessage,
  noApprovals,
  PolicyIndex,
  SitePlans,
  type Call,
} from '../../decision/index.ts';
import { createConfig } from '../egress/gateway-config.ts';
import { ask, call, render, site } from './asking.ts';

const opened = (path = '/v1/responses'): Call =>
  call({ method: 'GET', path, upgrade: true, body: { kind: 'none' } });

const rule = (models: string[], change: Partial<ProviderRule> = {}): ProviderRule => ({
  matches: [{ provider: 'openai', models, endpoints: [] }],
  filters: [],
  backends: [],
  ...change,
});

function config(rules: ProviderRule[], change: Partial<GatewayConfig> = {}): GatewayConfig {
  const providerRoutes = [{ route: { namespace: 'default', name: 'llm' }, rules }];
  return createConfig('192.0.2.1', 443, { providerRoutes, ...change });
}

const budget = { filters: [{ type: 'TokenBudget' as const, account: 'a', maxTokensPerDay: 10 }] };

describe('to open one', () => {
  test.each<[string, ProviderRule[], string, string]>([
    ['of responses, under a budget', [rule([], budget)], '/v1/responses', 'allow api.openai.com:443 judged'],
    ['of Realtime', [rule([])], '/v1/realtime', 'allow api.openai.com:443 read'],
    ['S48: of Realtime, under a budget', [rule([], budget)], '/v1/realtime', '403 limit'],
    ['S48: of anything else, under a budget', [rule([], budget)], '/v1/chat/completions', '403 limit'],
    ['of anything else', [rule([])], '/v1/chat/completions', 'allow api.openai.com:443'],
  ])('%s', (_name, rules, path, expected) => {
    const decision = ask(config(rules), site('api.openai.com'), opened(path));
    const reading = decision.kind === 'allow' ? (decision.messages ?? '') : '';
    expect([render(decision), reading].join(' ').trim()).toBe(expected);
  });

  test('by another route it is judged where a denial is about models, and else read in passing', () => {
    const hosts = { hostnames: ['api.openai.com'], cidrs: [], ports: [], protocol: 'TCP' as const };
    const base = config([]);
    const rules = [{ route: 'EgressL4Route/default/l4', ...hosts }];
    const l4 = { destinations: { ...base.destinations, rules } };
    const answer = { policy: { namespace: 'default', name: 'no' }, status: 403, agents: [] } as never;
    const route = { namespace: 'default', name: 'llm' };
    const denied = { route, rules: [rule(['o3'])], answer };
    const reads = (change: Partial<GatewayConfig>): unknown => {
      const decision = ask(config([], { ...l4, ...change }), site('api.openai.com'), opened());
      return decision.kind === 'allow' ? decision.messages : render(decision);
    };
    expect(reads({})).toBe('read');
    expect(reads({ providerDenials: [denied] as never })).toBe('judged');
  });
});

describe('a message', () => {
  function said(rules: ProviderRule[], model: string | undefined, isWay = true): string {
    const plan = new SitePlans(new PolicyIndex(config(rules))).at(site('api.openai.com'));
    const { head } = opened();
    const message = callOfMessage(opened(), { kind: 'inference', model }, { head, approvals: noApprovals });
    return render(decideMessage(plan, message, () => isWay));
  }

  test('S46: is judged by the model it names', () => {
    expect(said([rule(['gpt-4o*'])], 'gpt-4o')).toBe('allow api.openai.com:443');
    expect(said([rule(['gpt-4o*'])], 'o3')).toBe('403 model');
    expect(said([rule(['gpt-4o*'])], undefined)).toBe('403 model');
    expect(said([rule([], budget)], 'o3')).toBe('allow api.openai.com:443');
  });

  test('S49: does not go where its socket does not', () => {
    expect(said([rule(['gpt-4o*'])], 'gpt-4o', false)).toBe('403 model');
  });

  test.each<[string | undefined, string | undefined, boolean, string]>([
    ['response.create', 'm', false, 'create'],
    ['response.create', undefined, false, 'create'],
    ['response.create', 'm', true, 'SOCKET_MESSAGE_REFUSED'],
    ['response.cancel', undefined, false, 'word'],
    ['response.cancel', 'm', false, 'SOCKET_MESSAGE_REFUSED'],
    ['response.steer', undefined, false, 'SOCKET_MESSAGE_REFUSED'],
    ['Response.create', 'm', false, 'SOCKET_MESSAGE_REFUSED'],
    [undefined, 'm', false, 'SOCKET_MESSAGE_REFUSED'],
  ])('of type %s with model %s, wrapped %s', (type, model, wraps, expected) => {
    const kind = kindOfMessage(type, { model, wraps });
    expect(typeof kind === 'string' ? kind : kind.code).toBe(expected);
  });
});
