import { Duration } from 'cdk8s';
import { describe, expect, test } from 'vitest';
import {
  Backend,
  Credential,
  EgressGateway,
  LoggingPolicy,
  Port,
  Tools,
  type OtlpExport,
} from '../../constructs/index.ts';
import { specOf, synth, testChart } from './chart.ts';

describe('EgressGateway', () => {
  test('is closed, takes every port, and says so in the manifest', () => {
    const chart = testChart();
    new EgressGateway(chart, 'gateway');
    expect(specOf(chart, 'EgressGateway')).toEqual({
      defaultPolicy: 'deny-all',
      listeners: [{ name: 'all', protocol: 'TCP' }],
    });
  });

  test('says what its container may use, and of that only what was said', () => {
    const chart = testChart();
    new EgressGateway(chart, 'gateway', { resources: { limits: { cpu: '4' } } });
    expect(specOf(chart, 'EgressGateway')).toMatchObject({ resources: { limits: { cpu: '4' } } });
  });

  test('has as many pods as it says, or as an autoscaler of its own says', () => {
    const chart = testChart();
    new EgressGateway(chart, 'three', { replicas: 3 });
    expect(specOf(chart, 'EgressGateway')).toMatchObject({ replicas: 3 });
    const scaled = testChart();
    new EgressGateway(scaled, 'busy', { autoscale: { max: 8, cpuPercent: 60 } });
    expect(specOf(scaled, 'EgressGateway')).not.toHaveProperty('replicas');
    expect(synth(scaled).find(({ kind }) => kind === 'HorizontalPodAutoscaler')).toMatchObject({
      apiVersion: 'autoscaling/v2',
      metadata: { name: 'busy' },
      spec: {
        scaleTargetRef: { apiVersion: 'clrk.apoxy.dev/v1alpha1', kind: 'EgressGateway', name: 'busy' },
        ...{ minReplicas: 2, maxReplicas: 8 },
        metrics: [{ resource: { name: 'cpu', target: { averageUtilization: 60 } } }],
      },
    });
  });

  test.each([
    [{ replicas: 2, autoscale: { max: 3 } }, 'has replicas and autoscale'],
    [{ replicas: -1 }, 'replicas -1 must be a whole number from 0 to 100'],
    [{ replicas: 1.5 }, 'replicas 1.5 must be'],
    [{ replicas: 101 }, 'replicas 101 must be'],
    [{ autoscale: { max: 1 } }, 'autoscale from 2 to 1'],
    [{ autoscale: { min: 0, max: 4 } }, 'autoscale from 0 to 4'],
    [{ autoscale: { max: 2.5 } }, 'autoscale from 2 to 2.5'],
    [{ autoscale: { max: 101 } }, 'autoscale from 2 to 101'],
    [{ autoscale: { max: 4, cpuPercent: 0 } }, 'autoscale at 0 % CPU'],
  ])('%o is refused', (props, said) => {
    expect(() => new EgressGateway(testChart(), 'gateway', props)).toThrow(said);
  });

  test.each([{ defaultPolicy: 'allow-all' }, { enforcement: 'Audit' }] as const)(
    'asks about nothing that %o lets pass',
    (rest) => {
      expect(() => new EgressGateway(testChart(), 'gateway', { onUnlisted: 'Ask', ...rest })).toThrow(
        'onUnlisted Ask needs defaultPolicy deny-all and enforcement Enforce',
      );
    },
  );

  test('allowProvider makes one route a provider, with a key', () => {
    const chart = testChart();
    const gateway = new EgressGateway(chart, 'gateway');
    const credential = Credential.bearer({ name: 'openai' });
    const backend = new Backend(chart, 'local', { schema: 'openai', host: 'llm.example.com' });
    gateway.allowProvider('openai', { models: ['gpt-4o*'], credential });
    gateway.allowProvider('openai', { models: ['o1'], backends: [{ backend, weight: 3 }], credential });
    expect(specOf(chart, 'AIProviderRoute')).toEqual({
      parentRefs: [{ group: 'clrk.apoxy.dev', kind: 'EgressGateway', name: 'gateway' }],
      rules: [
        { matches: [{ provider: 'openai', models: ['gpt-4o*'] }] },
        { matches: [{ provider: 'openai', models: ['o1'] }], backendRefs: [{ name: 'local', weight: 3 }] },
      ],
    });
    expect(specOf(chart, 'CredentialInjectionPolicy')).toEqual({
      targetRefs: [{ group: 'clrk.apoxy.dev', kind: 'AIProviderRoute', name: 'gateway-openai' }],
      target: 'Header',
      headerName: 'Authorization',
      headerValuePrefix: 'Bearer ',
      secretRef: { name: 'openai' },
      secretKey: 'token',
    });
  });

  test('a second key for one provider is refused with the place', () => {
    const gateway = new EgressGateway(testChart(), 'gateway');
    gateway.allowProvider('openai', { credential: Credential.bearer({ name: 'a' }) });
    expect(() => gateway.allowProvider('openai', { credential: Credential.bearer({ name: 'b' }) })).toThrow(
      'test/gateway/openai: has a credential already',
    );
  });

  test('allowHosts and allowCidrs make L4 routes that grow', () => {
    const chart = testChart();
    const gateway = new EgressGateway(chart, 'gateway');
    gateway.allowHosts(['api.example.com', '*.example.org']);
    gateway.allowHosts(['db.example.com'], { ports: [5432], agents: { team: 'a' } });
    gateway.allowCidrs(['10.1.0.0/16'], { ports: [Port.tcpRange(8000, 8010)] });
    expect(specOf(chart, 'EgressL4Route', 'gateway-hosts')['rules']).toEqual([
      {
        matches: [
          {
            destinationHostnames: ['api.example.com', '*.example.org'],
            ports: [{ port: 443 }],
            protocol: 'TCP',
          },
        ],
      },
      {
        matches: [
          {
            destinationHostnames: ['db.example.com'],
            ports: [{ port: 5432 }],
            protocol: 'TCP',
            sourceAgents: { matchLabels: { team: 'a' } },
          },
        ],
      },
    ]);
    expect(specOf(chart, 'EgressL4Route', 'gateway-cidrs')['rules']).toEqual([
      {
        matches: [
          { destinationCIDRs: ['10.1.0.0/16'], ports: [{ startPort: 8000, endPort: 8010 }], protocol: 'TCP' },
        ],
      },
    ]);
  });

  test.each([
    ['*.com'],
    ['*'],
    ['https://api.example.com'],
    ['api.example.com:443'],
    ['a..b'],
    [''],
    ['evil\0.com'],
  ])('S21: host %j is refused where it is written', (host) => {
    const gateway = new EgressGateway(testChart(), 'gateway');
    expect(() => gateway.allowHosts([host])).toThrow('test/gateway/hosts: ');
  });

  test.each(['169.254.169.254/32', '127.0.0.0/8', '224.0.0.1/32', '10.0.0.1', 'x/8'])(
    'S52: CIDR %j is refused where it is written',
    (cidr) => {
      const gateway = new EgressGateway(testChart(), 'gateway');
      expect(() => gateway.allowCidrs([cidr], { ports: [80] })).toThrow('test/gateway/cidrs: ');
    },
  );

  test.each([[0], [65_536], [1.5]])('port %j is refused', (port) => {
    const gateway = new EgressGateway(testChart(), 'gateway');
    expect(() => gateway.allowHosts(['a.example.com'], { ports: [port] })).toThrow(
      'test/gateway/hosts: port',
    );
  });

  test('hosts opened one by one with equal conditions share a rule, up to what fits', () => {
    const chart = testChart();
    const gateway = new EgressGateway(chart, 'gateway');
    for (let each = 0; each < 33; each += 1) gateway.allowHost(`h${each}.example.com`);
    gateway.allowHost('db.example.com', { ports: [Port.tcp(5432)] });
    const rules = specOf(chart, 'EgressL4Route')['rules'] as {
      matches: { destinationHostnames: string[] }[];
    }[];
    expect(rules.map(({ matches }) => matches[0]?.destinationHostnames.length)).toEqual([32, 1, 1]);
  });

  test('denyHost makes a route and a policy that denies what it names', () => {
    const chart = testChart();
    const gateway = new EgressGateway(chart, 'gateway');
    gateway.allowHost('*.example.com');
    expect(gateway.denyHost('uploads.example.com')).toBe(gateway.denyHosts(['files.example.com']));
    expect(specOf(chart, 'EgressDenyPolicy')).toEqual({
      targetRefs: [{ group: 'clrk.apoxy.dev', kind: 'EgressL4Route', name: 'gateway-denied' }],
      denyResponse: { statusCode: 403 },
    });
    expect(specOf(chart, 'EgressL4Route', 'gateway-denied')['rules']).toEqual([
      {
        matches: [{ destinationHostnames: ['uploads.example.com', 'files.example.com'], protocol: 'TCP' }],
      },
    ]);
  });

  test('allowMcp makes one route a server, with tools and a key', () => {
    const chart = testChart();
    const gateway = new EgressGateway(chart, 'gateway');
    const tools = Tools.allow('search_*').deny('search_secrets');
    gateway.allowMcp('mcp.github.com', { tools, credential: Credential.bearer({ name: 'github' }) });
    expect(() => gateway.allowMcp('mcp.github.com')).toThrow(
      'test/gateway: has a route for MCP server "mcp.github.com" already',
    );
    gateway.allowMcp('*.mcp.example.com');
    expect(specOf(chart, 'MCPRoute', 'gateway-mcp-mcp-github-com')).toEqual({
      parentRefs: [{ group: 'clrk.apoxy.dev', kind: 'EgressGateway', name: 'gateway' }],
      hostnames: ['mcp.github.com'],
      rules: [
        {
          filters: [
            {
              type: 'ToolPolicy',
              toolPolicy: { allowedTools: ['search_*'], deniedTools: ['search_secrets'] },
            },
          ],
        },
      ],
    });
    expect(specOf(chart, 'CredentialInjectionPolicy')['targetRefs']).toEqual([
      { group: 'clrk.apoxy.dev', kind: 'MCPRoute', name: 'gateway-mcp-mcp-github-com' },
    ]);
    expect(specOf(chart, 'MCPRoute', 'gateway-mcp-any-mcp-example-com')).not.toHaveProperty('rules');
  });

  test('routes are in the namespace of their gateway', () => {
    const chart = testChart();
    const gateway = new EgressGateway(chart, 'gateway', { metadata: { namespace: 'team-a' } });
    gateway.allowProvider('openai', { credential: Credential.bearer({ name: 'k' }) });
    gateway.allowHosts(['api.example.com']);
    expect(new Set(synth(chart).map(({ metadata }) => metadata.namespace))).toEqual(new Set(['team-a']));
  });

  test('listeners, trust and time', () => {
    const chart = testChart();
    const gateway = new EgressGateway(chart, 'gateway', {
      listeners: [{ name: 'tls', protocol: 'TLS', port: 443, tls: 'Terminate' }],
      additionalTrustBundle: { name: 'ca' },
      hostAliases: [{ ip: '192.0.2.1', hostnames: ['api.example.com'] }],
      requestTimeout: Duration.minutes(2),
    });
    expect(() => gateway.addListener({ name: 'tls', protocol: 'TCP' })).toThrow(
      'has a listener "tls" already',
    );
    expect(() => gateway.addListener({ name: 'x', protocol: 'TCP', tls: 'Terminate' })).toThrow(
      'tls is for protocol TLS',
    );
    expect(specOf(chart, 'EgressGateway')).toEqual({
      defaultPolicy: 'deny-all',
      listeners: [{ name: 'tls', protocol: 'TLS', port: 443, tls: { mode: 'Terminate' } }],
      upstreamTLS: {
        additionalTrustBundleSecretRef: { name: 'ca' },
        hostAliases: [{ ip: '192.0.2.1', hostnames: ['api.example.com'] }],
      },
      requestTimeout: '120s',
    });
  });
});

test('a Backend without TLS says so, at the port of its scheme', () => {
  const chart = testChart();
  new Backend(chart, 'plain', { scheme: 'http', host: 'tools.models.svc' });
  expect(specOf(chart, 'Backend')).toMatchObject({
    upstream: { host: 'tools.models.svc', scheme: 'http', port: 80 },
  });
});

describe('EgressGateway telemetry and DNS', () => {
  test('are written out when given', () => {
    const chart = testChart();
    const otlp = { endpoint: 'https://otel.example.com', headers: { tenant: 'a' } };
    new EgressGateway(chart, 'gateway', { lookupFamily: 'V4Only', otlp });
    expect(specOf(chart, 'EgressGateway')).toMatchObject({ dns: { lookupFamily: 'V4Only' }, otlp });
  });

  test('headers of an export that would not arrive as written are refused with the place', () => {
    const endpoint = 'https://otel.example.com';
    const secretHeaders = [{ name: 'Tenant', secret: { name: 'otel' } }];
    const make = (otlp: OtlpExport) => () => new EgressGateway(testChart(), 'gateway', { otlp });
    expect(make({ endpoint, headers: { 'a b': 'c' } })).toThrow('test/gateway: otlp header "a b"');
    expect(make({ endpoint, headers: { tenant: 'a' }, secretHeaders })).toThrow('"Tenant" stands twice');
  });

  test.each(['otel:4318', 'ftp://otel', 'http://', ''])(
    'endpoint %j is refused with the place',
    (endpoint) => {
      expect(() => new EgressGateway(testChart(), 'gateway', { otlp: { endpoint } })).toThrow(
        'test/gateway: otlp endpoint',
      );
    },
  );

  test('a sink is a receiver of its own, named by policies; what cannot work is refused with the place', () => {
    const chart = testChart();
    const gateway = new EgressGateway(chart, 'gateway');
    const endpoint = 'https://archive.example.com';
    const secretHeaders = [{ name: 'authorization', secret: { name: 'archive' } }];
    const sink = gateway.addSink('archive', { endpoint, secretHeaders });
    new LoggingPolicy(chart, 'kept', { sink });
    new LoggingPolicy(chart, 'by-name', { sink: 'audit' });
    const headersFrom = [{ name: 'authorization', secretRef: { name: 'archive' } }];
    expect(specOf(chart, 'EgressGateway')).toMatchObject({
      otlp: { sinks: [{ name: 'archive', endpoint, headersFrom }] },
    });
    const policies = synth(chart).filter(({ kind }) => kind === 'LoggingPolicy');
    expect(policies.map(({ spec }) => spec)).toEqual([{ sinkRef: 'archive' }, { sinkRef: 'audit' }]);
    expect(() => gateway.addSink('archive', { endpoint })).toThrow(
      'test/gateway: sink "archive" stands twice',
    );
    expect(() => gateway.addSink('', { endpoint })).toThrow('a name of 1 to 63 characters');
    expect(() => gateway.addSink('b', { endpoint: 'otel:4318' })).toThrow('sink "b" endpoint');
    expect(() => gateway.addSink('b', { endpoint, headers: { 'a b': 'c' } })).toThrow(
      'sink "b" header "a b"',
    );
    for (let index = 1; index < 8; index += 1) gateway.addSink(`s${index}`, { endpoint });
    expect(() => gateway.addSink('ninth', { endpoint })).toThrow('at most 8 sinks');
  });
});
