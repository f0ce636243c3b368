/** From `otlp.sinks` and `sinkRef` to what a gateway sends to whom, and to what both statuses say of it. */
import { describe, expect, it } from 'vitest';
import type { ExportState, GatewayStatus, RecordSink } from '../../../contract/index.ts';
import { encodeSecretData, exportSecretRefs, missingExportSecret } from '../../../operator/compile/index.ts';
import { diffStatus } from '../../../operator/data-plane-status.ts';
import { sinksFinding } from '../../../operator/egressgateway/export-finding.ts';
import { filterPolicyStatus } from '../../../operator/filter-policy.ts';
import { kinds, type EgressGateway, type LoggingPolicy } from '../../../operator/kind.ts';
import { sinkFinding, sinkWatches } from '../../../operator/loggingpolicy/sink.ts';
import type { KubeObject } from '../../../operator/runtime/index.ts';
import { TestWorld } from '../compiled-world.ts';
import { manifest } from '../manifest.ts';

const archive = {
  ...{ name: 'archive', endpoint: 'https://archive.example.com', headers: { 'x-team': 'a' } },
  headersFrom: [{ name: 'authorization', secretRef: { name: 'archive' } }],
};
const audit = { name: 'audit', endpoint: 'http://audit.obs.svc:4318' };
const gatewayOf = (...sinks: readonly object[]): KubeObject =>
  manifest('EgressGateway', 'g', { listeners: [{ name: 'all', protocol: 'TCP' }], otlp: { sinks } });
const secret = {
  ...{ kind: 'Secret', metadata: { namespace: 'default', name: 'archive', uid: 's' } },
  data: encodeSecretData({ token: 'key' }),
} as KubeObject;
const policyOf = (sinkRef?: string, name = 'kept'): KubeObject =>
  manifest('LoggingPolicy', name, { sinkRef });
const filter = (name: string): object => ({
  type: 'ExtensionRef',
  extensionRef: { group: 'clrk.apoxy.dev', kind: 'LoggingPolicy', name },
});
const routeOf = (...policies: readonly string[]): KubeObject =>
  manifest('EgressL4Route', 'web', {
    parentRefs: [{ name: 'g' }],
    rules: [{ matches: [{ destinationHostnames: ['a.example.com'] }], filters: policies.map(filter) }],
  });

describe('what is compiled', () => {
  it('is each sink by name, with the values of its Secrets, and who names it on the rule', () => {
    const world = new TestWorld([
      ...[gatewayOf(archive, audit), secret, policyOf('audit'), policyOf('archive', 'other')],
      routeOf('kept', 'other'),
    ]);
    const document = world.gateway();
    const source = { namespace: 'default', name: 'archive', key: 'token' };
    const headers = [
      { name: 'x-team', value: 'a' },
      { name: 'authorization', value: 'key', source },
    ];
    expect(document?.recordSinks).toEqual([
      { name: 'archive', endpoint: archive.endpoint, headers },
      { ...audit, headers: [] },
    ]);
    expect(document?.recordExport).toBeUndefined();
    expect(document?.destinations.rules[0]?.logging).toMatchObject({ sinks: ['archive', 'audit'] });
  });

  it('is nothing sent while a Secret is missing, to that sink alone', () => {
    const world = new TestWorld([gatewayOf(archive, audit)]);
    expect(world.gateway()?.recordSinks?.map(({ broken }) => broken)).toEqual(['SecretNotFound', undefined]);
    const gateway = world.world.get(kinds.egressGateway, 'default', 'g') as EgressGateway;
    expect(missingExportSecret(world.world, gateway)).toBe('archive with key token');
    expect(exportSecretRefs(gateway)).toEqual([{ name: 'archive' }]);
  });

  it('is no sink of a rule whose policies name none', () => {
    const world = new TestWorld([gatewayOf(), policyOf(), routeOf('kept')]);
    expect(world.gateway()).not.toHaveProperty('recordSinks');
    expect(world.gateway()?.destinations.rules[0]?.logging).not.toHaveProperty('sinks');
  });
});

describe('what the gateway says', () => {
  const sinks: RecordSink[] = [
    { name: 'archive', endpoint: 'https://archive.example.com/secret-path', headers: [] },
    { name: 'audit', endpoint: 'https://audit.example.com', headers: [] },
  ];
  const fine: ExportState = { arrived: true, losing: false };
  const word = (recordSinks?: Record<string, ExportState>): GatewayStatus => ({
    ...{ version: 1, role: 'egress', namespace: 'default', gateway: 'g', pod: 'p', address: '' },
    ...{ configDigest: '', draining: false, connections: 0, at: 0 },
    ...(recordSinks === undefined ? {} : { recordSinks }),
  });

  it.each<[string, GatewayStatus[], string, string, string]>([
    ['nobody has spoken', [], 'Unknown', 'NothingSentYet', 'sink archive: no record'],
    ['an older replica', [word()], 'Unknown', 'NothingSentYet', ''],
    ['one of two has sent', [word({ archive: fine })], 'Unknown', 'NothingSentYet', 'sink audit'],
    [
      'both have',
      [word({ archive: fine, audit: fine })],
      'True',
      'Exporting',
      'archive.example.com:443 gets a copy',
    ],
    [
      'one loses',
      [word({ archive: fine, audit: { ...fine, losing: true } })],
      ...(['False', 'RecordsLost', 'sink audit: copies were lost'] as const),
    ],
    [
      'one fails',
      [word({ archive: { ...fine, fault: { code: 'TimedOut' } }, audit: fine })],
      ...([
        'False',
        'ExportFailing',
        'sink archive: archive.example.com:443: the receiver did not answer',
      ] as const),
    ],
  ])('%s', (_, reports, status, reason, text) => {
    const finding = sinksFinding(sinks, reports);
    expect(finding).toMatchObject({ type: 'SinksExported', status, reason });
    expect(finding?.message).toContain(text);
    expect(finding?.message).not.toContain('secret-path');
    if (status === 'False')
      expect(finding?.message).not.toContain(text.includes('archive') ? 'audit' : 'archive');
  });

  it('is nothing without sinks', () => {
    expect(sinksFinding([], [word({ archive: fine })])).toBeUndefined();
  });

  it('is looked at again when it changes', () => {
    const before = { workers: [], gateways: [word({ archive: fine })], ingresses: [] };
    const losing = { ...before, gateways: [word({ archive: { ...fine, losing: true } })] };
    expect([...diffStatus(before, losing).gateways]).toEqual(['default/g']);
  });
});

describe('what a LoggingPolicy says', () => {
  const read = (policy: KubeObject, ...others: readonly KubeObject[]) =>
    sinkFinding(new TestWorld([policy, ...others]).world, policy as unknown as LoggingPolicy);

  it.each<[string, KubeObject, KubeObject[], string | undefined, string]>([
    ['no sink', policyOf(), [gatewayOf(), routeOf('kept')], undefined, ''],
    ['a sink that is there', policyOf('audit'), [gatewayOf(audit), routeOf('kept')], 'True ResolvedRefs', ''],
    [
      'one that is not',
      policyOf('audit'),
      [gatewayOf(archive), routeOf('kept')],
      'False SinkNotFound',
      'EgressGateway default/g has no sink audit',
    ],
    [
      'no route names it',
      policyOf('audit'),
      [gatewayOf(), routeOf('other')],
      'Unknown NoGateway',
      'sink audit',
    ],
    ['its route is attached nowhere', policyOf('audit'), [routeOf('kept')], 'Unknown NoGateway', ''],
  ])('%s', (_, policy, others, expected, text) => {
    const finding = read(policy, ...others);
    expect(finding && `${finding.status} ${finding.reason}`).toBe(expected);
    expect(finding?.message ?? '').toContain(text);
    const status = filterPolicyStatus(policy, { enforcement: { enforced: true }, refs: finding }, 0);
    const isReady = expected !== 'False SinkNotFound';
    expect(JSON.stringify(status)).toContain(isReady ? 'applies where a filter' : 'has no sink audit');
  });

  it('is looked at again when a gateway or a route changes, and not at each of their statuses', () => {
    const before = gatewayOf(audit);
    const { world } = new TestWorld([
      before,
      policyOf('audit'),
      policyOf(undefined, 'plain'),
      routeOf('kept'),
    ]);
    const keysOf = (kind: string, change: { readonly before: KubeObject; readonly after: KubeObject }) =>
      sinkWatches
        .filter(({ resource }) => resource.kind === kind)
        .flatMap((watch) => watch.keysOf(world, change));
    expect(keysOf('EgressGateway', { before, after: gatewayOf() })).toEqual(['default/kept']);
    expect(keysOf('EgressGateway', { before, after: { ...before, status: {} } as KubeObject })).toEqual([]);
    expect(keysOf('EgressL4Route', { before: routeOf(), after: routeOf('kept') })).toEqual(['default/kept']);
  });
});
