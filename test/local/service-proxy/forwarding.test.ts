import { describe, expect, it } from 'vitest';
import type { EndpointSlice, Service } from '../../../local/kube/object.ts';
import { computeForwarding } from '../../../local/service-proxy/forwarding.ts';

function service(name: string, clusterIP: string, labels: Record<string, string> = {}): Service {
  return {
    metadata: { name, namespace: 'n', labels },
    spec: { clusterIP, ports: [{ name: 'http', port: 80 }] },
  };
}
function slice(name: string, endpoints: EndpointSlice['endpoints']): EndpointSlice {
  const metadata = { name: `${name}-1`, namespace: 'n', labels: { 'kubernetes.io/service-name': name } };
  return {
    metadata,
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080 }],
    ...(endpoints === undefined ? {} : { endpoints }),
  };
}
const exposed = { 'clrk.apoxy.dev/expose': 'true' };

describe('computeForwarding', () => {
  it('leads a cluster address to ready endpoints only', () => {
    const slices = [
      slice('a', [
        { addresses: ['1.1.1.1'], conditions: { ready: true } },
        { addresses: ['1.1.1.2'], conditions: { ready: false } },
      ]),
    ];
    const { rules, clusterAddresses } = computeForwarding([service('a', '9.9.9.9')], slices, {});
    expect(clusterAddresses).toEqual(['9.9.9.9']);
    expect(rules).toEqual([
      {
        key: '9.9.9.9:80',
        listen: { address: '9.9.9.9', port: 80 },
        endpoints: [{ address: '1.1.1.1', port: 8080 }],
      },
    ]);
  });

  it.each([
    ['headless', service('a', 'None')],
    ['ExternalName', { ...service('a', ''), spec: { type: 'ExternalName' } }],
  ])('has nothing for a %s Service', (_title, each) => {
    expect(computeForwarding([each], [], {})).toMatchObject({ rules: [], clusterAddresses: [] });
  });

  it('keeps a rule without endpoints, so that callers are refused at once', () => {
    expect(computeForwarding([service('a', '9.9.9.9')], [], {}).rules).toMatchObject([{ endpoints: [] }]);
  });

  it('ignores slices of another namespace', () => {
    const foreign = slice('a', [{ addresses: ['1.1.1.1'] }]);
    const moved = { ...foreign, metadata: { ...foreign.metadata, namespace: 'other' } };
    expect(computeForwarding([service('a', '9.9.9.9')], [moved], {}).rules[0]?.endpoints).toEqual([]);
  });

  it.each<[string, Service[], Record<string, number>, Record<string, number>]>([
    [
      'the lowest free port in name order',
      [service('b', '2', exposed), service('a', '1', exposed)],
      {},
      { 'n/a': 18080, 'n/b': 18081 },
    ],
    ['the remembered port', [service('a', '1', exposed)], { 'n/a': 18090 }, { 'n/a': 18090 }],
    [
      'the label’s port over a remembered one',
      [service('a', '1', { ...exposed, 'clrk.apoxy.dev/expose-port': '19000' })],
      { 'n/a': 18090 },
      { 'n/a': 19000 },
    ],
    [
      'never one port twice',
      [service('a', '1', exposed), service('b', '2', { ...exposed, 'clrk.apoxy.dev/expose-port': '18080' })],
      { 'n/a': 18080 },
      { 'n/a': 18081, 'n/b': 18080 },
    ],
    ['nothing without the label', [service('a', '1')], { 'n/a': 18090 }, {}],
  ])('exposes %s', (_title, services, remembered, expected) => {
    expect(computeForwarding(services, [], remembered).exposed).toEqual(expected);
  });
});
