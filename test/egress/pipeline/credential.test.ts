import { describe, expect, test } from 'vitest';
import type { GatewayConfig, GatewayCredential } from '../../../contract/index.ts';
import { createField } from '../../../egress/http1/index.ts';
import type { Call } from '../../../egress/pipeline/call.ts';
import { applyQuery, computeInjection } from '../../../egress/pipeline/credential.ts';
import type { Route } from '../../../egress/pipeline/route.ts';

const route: Route = {
  kind: 'route',
  opener: 'AIProviderRoute/d/llm',
  provider: { route: { namespace: 'd', name: 'llm' }, rule: { matches: [], filters: [], backends: [] } },
  backend: undefined,
  target: { hostname: undefined, ip: undefined, port: 443, tls: true },
};
const credential = (
  target: GatewayCredential['target'],
  inject: GatewayCredential['inject'],
): GatewayCredential => ({ policy: { namespace: 'd', name: 'p' }, target, inject });
const onRoute = { kind: 'AIProviderRoute' as const, namespace: 'd', name: 'llm' };
const header = (value: string) => ({ type: 'Header' as const, name: 'Authorization', value });
const call = (target = '/v1/x', fields: Call['fields'] = []): Call => ({ tls: true, target, fields }) as Call;
const config = (...credentials: GatewayCredential[]): GatewayConfig =>
  ({ gateway: { namespace: 'd', name: 'gw', uid: '' }, credentials }) as unknown as GatewayConfig;

describe('S39: a secret goes only where its policy says', () => {
  test.each([
    ['another route', { ...onRoute, name: 'other' }, []],
    ['another namespace', { ...onRoute, namespace: 'x' }, []],
    ['a backend that was not chosen', { ...onRoute, sectionName: 'b' }, []],
    ['an MCP route', { kind: 'MCPRoute' as const, namespace: 'd', name: 'llm' }, []],
    ['this route', onRoute, ['d/p']],
    ['this gateway', { kind: 'EgressGateway' as const, namespace: 'd', name: 'gw' }, ['d/p']],
  ])('%s', (_name, target, expected) => {
    expect(computeInjection(config(credential(target, header('Bearer k'))), call(), route)).toMatchObject({
      policies: expected,
    });
  });

  test('not to a destination only allow-all opened', () => {
    const gateway = credential({ kind: 'EgressGateway', namespace: 'd', name: 'gw' }, header('k'));
    const open = { ...route, opener: undefined, provider: undefined };
    expect(computeInjection(config(gateway), call(), open)).toMatchObject({ policies: [] });
  });

  test('not without TLS', () => {
    const plain = { ...route, target: { ...route.target, tls: false } };
    expect(computeInjection(config(credential(onRoute, header('k'))), call(), plain)).toMatchObject({
      kind: 'refuse',
      status: 502,
    });
  });
});

test("the closest binding wins and the agent's own value is marked", () => {
  const gateway = credential({ kind: 'EgressGateway', namespace: 'd', name: 'gw' }, header('far'));
  const injection = computeInjection(
    config(credential(onRoute, header('near')), gateway),
    call('/v1/x', [createField('authorization', 'mine')]),
    route,
  );
  expect(injection).toMatchObject({ fields: [{ value: 'near' }], smuggled: true });
});

test('S20: a secret with a line feed is refused, not sent', () => {
  expect(computeInjection(config(credential(onRoute, header('a\r\nX: b'))), call(), route)).toMatchObject({
    kind: 'refuse',
  });
});

test("S42: query parameters: ours replaces the agent's, known key parameters go", () => {
  const injection = computeInjection(
    config(credential(onRoute, { type: 'QueryParam', name: 'key', value: 'a b&c' })),
    call('/v1/x?alt=sse&k%65y=mine&api_key=2'),
    route,
  );
  if (injection.kind !== 'inject') throw new Error('refused');
  expect(injection.smuggled).toBe(true);
  expect(applyQuery('/v1/x?alt=sse&k%65y=mine&api_key=2', injection)).toBe('/v1/x?alt=sse&key=a%20b%26c');
});
