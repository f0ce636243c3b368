/** What `deny…` takes away, asked of the gateway's own compiler by `reach`: that, and nothing else of what is open. */
import { App, Chart } from 'cdk8s';
import { beforeEach, describe, expect, test } from 'vitest';
import { reach } from '../../cli/testing/index.ts';
import {
  AgentStack,
  Credential,
  EgressDenyPolicy,
  Http,
  Tools,
  type EgressGateway,
} from '../../constructs/index.ts';
import { compileManifests } from '../../operator/index.ts';
import { errorsOf, specOf, synth } from './chart.ts';

let stack: AgentStack;
let gateway: EgressGateway;
beforeEach(() => {
  stack = new AgentStack(new App(), 'hello', { namespace: 'agents', image: 'ghcr.io/acme/hello:1.0.0' });
  ({ gateway } = stack);
});

const credential = Credential.bearer({ name: 'key' });
const told = (): string => reach(stack).sentences.join('\n');
const places = (): readonly string[] => reach(stack).agents.flatMap((each) => each.places);

/** What the gateway itself would run, from the operator's own compiler. */
function compiled(): ReturnType<typeof compileManifests>['gateways'][number] {
  const [document] = compileManifests(synth(stack), []).gateways;
  if (document === undefined) throw new Error('no gateway');
  return document;
}

describe('denyProvider', () => {
  test('shuts the models it names, and leaves the others of the allowance open', () => {
    gateway.allowProvider('openai', { models: ['gpt-4o*'], credential });
    const open = compiled();
    expect(gateway.denyProvider('openai', { models: ['gpt-4o-audio*'] })).toBe(
      gateway.denyProvider('openai', { endpoints: ['/v1/files*'] }),
    );
    const { providerDenials, providerRoutes, credentials } = compiled();
    const denied = { namespace: 'agents', name: 'hello-gateway-denied-openai' };
    expect(providerDenials?.map(({ route, rules }) => [route, rules.map(({ matches }) => matches)])).toEqual([
      [
        denied,
        [
          [{ provider: 'openai', models: ['gpt-4o-audio*'], endpoints: [] }],
          [{ provider: 'openai', models: [], endpoints: ['/v1/files*'] }],
        ],
      ],
    ]);
    expect(providerRoutes.filter(({ route }) => route.name !== denied.name)).toEqual(open.providerRoutes);
    expect(credentials).toEqual(open.credentials);
    expect(told()).toContain(
      'but not, by policy `agents/hello-gateway-deny`: model `gpt-4o-audio*` of `openai`; with credential',
    );
    expect(errorsOf(synth(stack))).toEqual([]);
  });

  test('without models it shuts the provider, and no other', () => {
    gateway.allowProvider('openai', { credential });
    gateway.allowProvider('anthropic', { credential });
    gateway.denyProvider('openai');
    expect(
      compiled().providerDenials?.flatMap(({ rules }) => rules.flatMap(({ matches }) => matches)),
    ).toEqual([{ provider: 'openai', models: [], endpoints: [] }]);
  });

  test('its objects are a route that names what is denied, and a policy on it', () => {
    gateway.allowProvider('openai', { models: ['gpt-4o*'], credential });
    gateway.denyProvider('openai', { models: ['gpt-4o-audio*'] });
    expect(specOf(stack, 'AIProviderRoute', 'hello-gateway-denied-openai')).toEqual({
      parentRefs: [{ group: 'clrk.apoxy.dev', kind: 'EgressGateway', name: 'hello-gateway' }],
      rules: [{ matches: [{ provider: 'openai', models: ['gpt-4o-audio*'] }] }],
    });
    expect(specOf(stack, 'EgressDenyPolicy')['targetRefs']).toEqual([
      { group: 'clrk.apoxy.dev', kind: 'AIProviderRoute', name: 'hello-gateway-denied-openai' },
    ]);
  });

  test('the denial comes before the route that would open without it, further objects too', () => {
    gateway.denyHosts(Array.from({ length: 600 }, (_, each) => `h${each}.example.com`));
    gateway.denyProvider('openai');
    const order = synth(stack).map(({ metadata }) => metadata.name);
    const denial = order.indexOf('hello-gateway-deny');
    const routes = ['hello-gateway-denied', 'hello-gateway-denied-02', 'hello-gateway-denied-openai'];
    for (const name of routes) expect(order.indexOf(name)).toBeGreaterThan(denial);
  });
});

describe('denyTools', () => {
  test('names what is denied in a route of its own, whatever the allowance says', () => {
    gateway.allowMcp('mcp.github.com', { tools: Tools.allow('*'), credential });
    gateway.denyTools('mcp.github.com', ['delete_*']);
    expect(gateway.denyTools('mcp.github.com', ['merge_*'])).toBe(gateway.denyHost('files.example.com'));
    expect(specOf(stack, 'MCPRoute', 'hello-gateway-denied-mcp-mcp-github-com')).toEqual({
      parentRefs: [{ group: 'clrk.apoxy.dev', kind: 'EgressGateway', name: 'hello-gateway' }],
      hostnames: ['mcp.github.com'],
      rules: [{ matches: [{ tools: ['delete_*'] }] }, { matches: [{ tools: ['merge_*'] }] }],
    });
    for (const tool of ['delete_*', 'merge_*']) {
      expect(told()).toContain(
        `no messages about tools \`${tool}\`, by policy \`agents/hello-gateway-deny\``,
      );
    }
    expect(errorsOf(synth(stack))).toEqual([]);
  });

  test.each([[[]], [['']]])('tools %j are refused: an empty list is every tool to the gateway', (tools) => {
    expect(() => gateway.denyTools('mcp.github.com', tools)).toThrow('name at least one tool');
  });
});

describe('denyHosts and denyCidrs', () => {
  test('shut what they name inside of what is open', () => {
    gateway.allowHost('*.example.com');
    gateway.allowCidrs(['10.20.0.0/16'], { ports: [5432] });
    gateway.denyHost('uploads.example.com');
    gateway.denyCidrs(['10.20.128.0/17'], { ports: [5432] });
    expect(places()).toEqual(['*.example.com except uploads.example.com:443', '10.20.0.0/17:5432']);
    expect(specOf(stack, 'EgressDenyPolicy')['targetRefs']).toHaveLength(1);
    expect(errorsOf(synth(stack))).toEqual([]);
  });
});

describe('denyHttp', () => {
  test('takes calls away, whatever opens the host, and leaves the rest', () => {
    gateway.allowHost('api.github.com');
    gateway.denyHttp('api.github.com', [Http.delete()]);
    expect(gateway.denyHttp('api.github.com', [Http.any('/admin/**')])).toBe(
      gateway.denyHost('files.example.com'),
    );
    expect(told()).toContain(
      'but not, by policy `agents/hello-gateway-deny`: calls by `DELETE` or calls by every method at paths like `/admin/**`',
    );
    expect(errorsOf(synth(stack))).toEqual([]);
  });

  test('of no calls is refused', () => {
    expect(() => gateway.denyHttp('api.github.com', [])).toThrow('name calls to "api.github.com" to deny');
  });
});

describe('an EgressDenyPolicy', () => {
  test.each<
    [
      string,
      (
        gateway: EgressGateway,
      ) => ReturnType<EgressGateway['allowHost' | 'allowHttp' | 'allowProvider' | 'allowMcp']>,
    ]
  >([
    ['allowProvider', (from) => from.allowProvider('openai')],
    ['allowMcp', (from) => from.allowMcp('mcp.github.com')],
    ['allowHttp', (from) => from.allowHttp('api.github.com', { rules: [Http.get()] })],
    ['allowHosts', (from) => from.allowHost('api.github.com')],
    ['allowCidrs', (from) => from.allowCidrs(['10.0.0.0/8'], { ports: [1] })],
  ])('on the route of %s is refused: it would shut all that is open there', (method, open) => {
    const route = open(gateway);
    expect(() => new EgressDenyPolicy(stack, 'x', { targets: [route] })).toThrow(
      `is all that ${method} opened, and would be shut; use denyProvider`,
    );
  });

  test('of a gateway of another chart is in the namespace of the gateway', () => {
    const app = new App();
    const team = new AgentStack(app, 'team', { namespace: 'team', image: 'ghcr.io/acme/hello:1.0.0' });
    new Chart(app, 'other', { namespace: 'other' });
    team.gateway.denyHost('a.example.com');
    expect(specOf(team, 'EgressDenyPolicy')).toBeDefined();
    expect(new Set(synth(team).map(({ metadata }) => metadata.namespace))).toEqual(new Set(['team']));
  });
});

describe('names of routes of one host', () => {
  test('stay within what a name may be, and apart', () => {
    const long = 'mcp.a-company-with-a-long-name.internal.example.com';
    gateway.allowMcp(long);
    gateway.denyTools(long, ['x']);
    gateway.allowMcp('a-b.example.com');
    gateway.allowMcp('a.b.example.com');
    const names = synth(stack).map(({ metadata }) => metadata.name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => name.length > 50)).toEqual([]);
    expect(names).toContain('hello-gateway-mcp-a-b-example-com');
    expect(errorsOf(synth(stack))).toEqual([]);
  });
});
