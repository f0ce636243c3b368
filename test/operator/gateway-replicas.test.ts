/** An EgressGateway of several pods: what is made of it, and what its status says while some of them are not there. */
import { describe, expect, test } from 'vitest';
import type { GatewayStatus } from '../../contract/index.ts';
import { gatewayDeployment, gatewayDisruptionBudget } from '../../operator/egressgateway/children.ts';
import { gatewayStatus } from '../../operator/egressgateway/status.ts';
import type { EgressGateway } from '../../operator/kind.ts';

const gatewayOf = (replicas?: number): EgressGateway =>
  ({
    metadata: { namespace: 'a', name: 'g', generation: 1 },
    spec: { listeners: [{ name: 'all', protocol: 'TCP' }], ...(replicas === undefined ? {} : { replicas }) },
  }) as unknown as EgressGateway;

const digest = `sha256:${'a'.repeat(64)}`;

function statusOf(replicas: number, ready: number, digests: readonly string[]) {
  const reports = digests.map((configDigest, place) => ({
    ...{ configDigest, draining: false, namespace: 'a', gateway: 'g', pod: `g-${place}` },
  }));
  const status = gatewayStatus({
    gateway: gatewayOf(replicas),
    deployment: { status: { readyReplicas: ready } },
    reports: reports as unknown as readonly GatewayStatus[],
    ...{
      digest,
      attached: new Map(),
      missing: undefined,
      fault: undefined,
      recordExport: undefined,
      recordSinks: [],
      now: 0,
    },
  } as unknown as Parameters<typeof gatewayStatus>[0]) as {
    readonly conditions: ReadonlyArray<{ type: string; status: string; reason: string; message: string }>;
    readonly selector: string;
  };
  return {
    ...status,
    is: (type: string) => {
      const { status: word = '', message = '' } = status.conditions.find((each) => each.type === type) ?? {};
      return `${word} ${message}`.trim();
    },
  };
}

describe('a gateway of several pods', () => {
  test('its Deployment has as many, spread over nodes, of which maintenance takes one at a time', () => {
    expect(gatewayDeployment(gatewayOf(3), 'i')).toMatchObject({
      spec: {
        replicas: 3,
        template: {
          metadata: { labels: { 'clrk.apoxy.dev/egressgateway': 'g' } },
          spec: {
            topologySpreadConstraints: [
              {
                topologyKey: 'kubernetes.io/hostname',
                whenUnsatisfiable: 'ScheduleAnyway',
                labelSelector: { matchLabels: { 'clrk.apoxy.dev/egressgateway': 'g' } },
              },
            ],
          },
        },
      },
    });
    expect(gatewayDeployment(gatewayOf(), 'i')).toMatchObject({ spec: { replicas: 1 } });
    expect(gatewayDisruptionBudget(gatewayOf(3))).toMatchObject({
      metadata: { namespace: 'a', name: 'clrk-egress-g' },
      spec: {
        maxUnavailable: 1,
        selector: { matchLabels: { 'clrk.apoxy.dev/egressgateway': 'g' } },
      },
    });
  });

  test('autoscalers find its pods by its status', () => {
    expect(statusOf(2, 2, [digest, digest]).selector).toBe('clrk.apoxy.dev/egressgateway=g');
  });

  test.each<[string, number, number, readonly string[], string, string]>([
    ['all are there', 3, 3, [digest, digest, digest], 'True config', 'True every replica'],
    ['one is missing: agents have a way out', 3, 2, [digest, digest], 'True config', 'False 2 of 3'],
    ['none is there', 3, 0, [], 'False 0 of 3', 'False 0 of 3'],
    ['one runs an older config', 2, 2, [digest, 'sha256:old'], 'False 1 of 2', 'False 1 of 2'],
    ['one that is ready says nothing', 2, 2, [digest], 'False 1 of 2', 'False 1 of 2'],
    ['nobody wants any', 0, 0, [], 'False replicas is 0', 'False replicas is 0'],
  ])('%s', (_title, wanted, ready, digests, programmed, isReady) => {
    const status = statusOf(wanted, ready, digests);
    expect(status.is('Programmed')).toMatch(new RegExp(`^${programmed}`));
    expect(status.is('Ready')).toMatch(new RegExp(`^${isReady}`));
  });
});
