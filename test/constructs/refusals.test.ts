/** Impossible input throws in the constructor, unfinished objects do not synthesize; either way the place is told. */
import { Duration, type Chart } from 'cdk8s';
import { describe, expect, test } from 'vitest';
import {
  AIProviderRoute,
  Backend,
  CLRKConfig,
  Credential,
  CredentialInjectionPolicy,
  DaemonAgent,
  EgressDenyPolicy,
  EgressGateway,
  FallbackRoutingPolicy,
  LoggingPolicy,
  MCPRoute,
  Rate,
  RateLimitPolicy,
  TaskAgent,
  WorkerPool,
} from '../../constructs/index.ts';
import { synth, testChart } from './chart.ts';

const gateways = [EgressGateway.fromName('g')];
const agent = { image: 'r/a:1', pool: WorkerPool.fromName('p') };
const credential = Credential.bearer({ name: 's' });
const elsewhere = RateLimitPolicy.fromName('slow', 'other');

describe('impossible input', () => {
  test.each<[string, (chart: Chart) => unknown]>([
    ['maxRestarts must be', (chart) => new DaemonAgent(chart, 'x', { ...agent, maxRestarts: -1 })],
    [
      'has no meaning',
      (chart) => new DaemonAgent(chart, 'x', { ...agent, maxRestarts: 1, restartPolicy: 'Never' }),
    ],
    [
      'whole seconds',
      (chart) => new DaemonAgent(chart, 'x', { ...agent, maxLifetime: Duration.millis(1_500) }),
    ],
    ['give it a schedule', (chart) => new TaskAgent(chart, 'x', { ...agent, scheduleInput: {} })],
    ['longer than 0', (chart) => new TaskAgent(chart, 'x', { ...agent, timeout: Duration.seconds(0) })],
    [
      'which is the most',
      (chart) =>
        new TaskAgent(chart, 'x', {
          ...agent,
          egress: 'abcdefghi'.split('').map((id) => EgressGateway.fromName(id)),
        }),
    ],
    ['needs a host', (chart) => new MCPRoute(chart, 'x', { hosts: [] })],
    ['whole top-level domain', (chart) => new MCPRoute(chart, 'x', { hosts: ['*.com'] })],
    ['not a header name', (chart) => new LoggingPolicy(chart, 'x', { redactHeaders: ['a b'] })],
    ['retries 6', (chart) => new FallbackRoutingPolicy(chart, 'x', { retries: 6 })],
    ['status code 200', (chart) => new FallbackRoutingPolicy(chart, 'x', { retriableStatusCodes: [200] })],
    ['statusCode 200', (chart) => new EgressDenyPolicy(chart, 'x', { statusCode: 200 })],
    ['one line', (chart) => new EgressDenyPolicy(chart, 'x', { message: 'a\nb' })],
    ['not an e-mail address', (chart) => new CLRKConfig(chart, 'x', { email: 'ops' })],
    [
      'in namespace other',
      (chart) =>
        new AIProviderRoute(chart, 'x', {
          rules: [{ matches: [{ provider: 'openai' }], rateLimit: elsewhere }],
        }),
    ],
    [
      'must start with /',
      (chart) =>
        new AIProviderRoute(chart, 'x', {
          rules: [{ matches: [{ provider: 'openai', endpoints: ['v1'] }] }],
        }),
    ],
    [
      'weight -1',
      (chart) =>
        new AIProviderRoute(chart, 'x', {
          rules: [
            { matches: [{ provider: 'openai' }], backends: [{ backend: Backend.fromName('b'), weight: -1 }] },
          ],
        }),
    ],
    [
      'needs an AIProviderRoute',
      (chart) =>
        new CredentialInjectionPolicy(chart, 'x', { credential }).addTarget(new EgressGateway(chart, 'g'), {
          backend: Backend.fromName('b'),
        }),
    ],
    [
      'ca is for HTTPS',
      (chart) =>
        new EgressGateway(chart, 'x', { listeners: [{ name: 'l', protocol: 'TCP', ca: { name: 'c' } }] }),
    ],
    [
      'port 0',
      (chart) => new EgressGateway(chart, 'x', { listeners: [{ name: 'l', protocol: 'TCP', port: 0 }] }),
    ],
  ])('%s', (message, make) => {
    expect(() => make(testChart())).toThrow(message);
    expect(() => make(testChart())).toThrow(/^test\/x: /);
  });
});

describe('unfinished objects', () => {
  test.each<[string, (chart: Chart) => unknown]>([
    ['attaches to no gateway', (chart) => new MCPRoute(chart, 'x', { hosts: ['mcp.example.com'] })],
    ['has no target', (chart) => new EgressDenyPolicy(chart, 'x')],
    ['has no target', (chart) => new FallbackRoutingPolicy(chart, 'x')],
    [
      'AIProviderRoute "r" has no second backend to fall back to',
      (chart) => {
        const route = new AIProviderRoute(chart, 'r', {
          gateways,
          rules: [{ matches: [{ provider: 'openai' }] }],
        });
        new FallbackRoutingPolicy(chart, 'x', { targets: [route] });
      },
    ],
  ])('%s', (message, make) => {
    const chart = testChart();
    make(chart);
    expect(() => synth(chart)).toThrow(`[test/x] ${message}`);
  });

  test('a rule may name a policy made elsewhere', () => {
    const chart = testChart();
    const rateLimit = RateLimitPolicy.fromName('slow');
    new EgressGateway(chart, 'g').allowHost('a.example.com', {
      rateLimit,
      logging: LoggingPolicy.fromName('quiet'),
    });
    new RateLimitPolicy(chart, 'other', { rate: Rate.perSecond(1) });
    expect(synth(chart).map(({ kind }) => kind)).toEqual([
      'EgressGateway',
      'EgressL4Route',
      'RateLimitPolicy',
    ]);
  });
});
