import { Construct } from 'constructs';
import { describe, expect, test } from 'vitest';
import {
  AIProviderRoute,
  Backend,
  Credential,
  CredentialInjectionPolicy,
  EgressGateway,
  EgressL4Route,
  WorkerPool,
} from '../../constructs/index.ts';
import { specOf, synth, testChart } from './chart.ts';

describe('constructs', () => {
  test('names are paths below the chart, without hashes', () => {
    const chart = testChart();
    new WorkerPool(new Construct(chart, 'Team'), 'pool');
    new WorkerPool(chart, 'other', { metadata: { name: 'explicit', labels: { a: 'b' } } });
    expect(synth(chart).map(({ metadata }) => metadata.name)).toEqual(['team-pool', 'explicit']);
  });

  test.each(['a'.repeat(51), 'a_b', '-a', 'ä'])('name %j is refused', (name) => {
    expect(() => new WorkerPool(testChart(), 'pool', { metadata: { name } })).toThrow('test/pool: name');
  });

  test('two objects of one kind and name are told apart before the cluster merges them', () => {
    const chart = testChart();
    for (const id of ['a', 'b']) new WorkerPool(chart, id, { metadata: { name: 'same' } });
    expect(() => synth(chart)).toThrow('WorkerPool "same" is also made by test/b');
  });

  test.each([
    [
      'attaches to no gateway',
      (chart: Construct) => new EgressL4Route(chart, 'r', { matches: [{ hosts: ['a.example.com'] }] }),
    ],
    [
      'has no rule',
      (chart: Construct) => new AIProviderRoute(chart, 'r', { gateways: [EgressGateway.fromName('g')] }),
    ],
    [
      'has no target',
      (chart: Construct) =>
        new CredentialInjectionPolicy(chart, 'r', { credential: Credential.bearer({ name: 's' }) }),
    ],
  ])('an unfinished object does not synthesize: %s', (message, make) => {
    const chart = testChart();
    make(chart);
    expect(() => synth(chart)).toThrow(message);
  });

  test('a key for one backend of a route, and every way to put it', () => {
    const chart = testChart();
    const gateway = new EgressGateway(chart, 'g');
    const backend = new Backend(chart, 'b', {
      schema: 'openai',
      host: 'llm.example.com',
      ensureStreamUsage: true,
    });
    backend.addModelRewrite('gpt-*', 'llama');
    const route = new AIProviderRoute(chart, 'r', {
      gateways: [gateway],
      rules: [{ matches: [{ provider: 'openai' }], backends: [{ backend }] }],
    });
    const credential = Credential.awsSigV4({ secret: { name: 'aws' }, region: 'eu-west-1' });
    new CredentialInjectionPolicy(chart, 'p', { credential }).addTarget(route, { backend });
    expect(specOf(chart, 'CredentialInjectionPolicy')).toEqual({
      targetRefs: [{ group: 'clrk.apoxy.dev', kind: 'AIProviderRoute', name: 'r', sectionName: 'b' }],
      target: 'ProviderAuth',
      providerAuth: { type: 'AWSv4', region: 'eu-west-1' },
      secretRef: { name: 'aws' },
    });
    expect(specOf(chart, 'Backend')).toEqual({
      type: 'Upstream',
      schema: { name: 'openai' },
      upstream: { host: 'llm.example.com', port: 443 },
      modelRewrites: [{ from: 'gpt-*', to: 'llama' }],
      bodyMutation: { ensureStreamUsage: true },
    });
    const tokenUrl = 'https://login.example.com/token';
    expect(Credential.basic({ name: 's' }).spec).toEqual({ target: 'Basic', secretRef: { name: 's' } });
    expect(Credential.clientCredentials({ secret: { name: 's' }, tokenUrl, scopes: ['a'] }).spec).toEqual({
      target: 'OAuth2',
      oauth2: { grant: 'ClientCredentials', tokenURL: tokenUrl, scopes: ['a'] },
      secretRef: { name: 's' },
    });
    const asked = { tokenUrl, audience: 'api', clientAuthentication: 'Body' as const };
    expect(Credential.refreshToken({ secret: { name: 's' }, ...asked }).spec.oauth2).toEqual({
      ...{ grant: 'RefreshToken', tokenURL: tokenUrl, audience: 'api', clientAuthentication: 'Body' },
    });
    expect(Credential.gcpServiceAccount({ secret: { name: 's', key: 'key.json' } }).spec).toEqual({
      target: 'ProviderAuth',
      providerAuth: { type: 'GCPServiceAccount' },
      ...{ secretRef: { name: 's' }, secretKey: 'key.json' },
    });
    for (const bad of ['http://a.example/t', 'https://u:p@a.example/t', 'https://10.0.0.1/t', 'a.example']) {
      const props = { secret: { name: 's' }, tokenUrl: bad };
      expect(() => Credential.clientCredentials(props)).toThrow('is not a token endpoint');
    }
    expect(Credential.query('key', { name: 's', key: 'k' }).spec).toEqual({
      target: 'QueryParam',
      queryParamName: 'key',
      secretRef: { name: 's' },
      secretKey: 'k',
    });
    expect(() => Credential.header('a b', { name: 's' })).toThrow('is not a header name');
  });

  test.each(['https://h.example.com', 'h.example.com:8080', '*.example.com', ''])(
    'backend host %j is refused',
    (host) => {
      expect(() => new Backend(testChart(), 'b', { schema: 'openai', host })).toThrow('test/b: host');
    },
  );

  test.each([-1, 1.5])('%d replicas are refused', (replicas) => {
    expect(() => new WorkerPool(testChart(), 'p', { replicas })).toThrow('test/p: replicas');
  });
});
