/** An EgressGateway's resources as its Deployment has them. */
import { describe, expect, test } from 'vitest';
import { faultOfGatewayResources } from '../../api/index.ts';
import { gatewayDeployment } from '../../operator/egressgateway/children.ts';
import type { EgressGateway } from '../../operator/kind.ts';

interface Rendered {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: ReadonlyArray<{
          readonly env: ReadonlyArray<{ readonly name: string; readonly value?: string }>;
          readonly resources: object;
        }>;
      };
    };
  };
}

function render(resources?: EgressGateway['spec']['resources']) {
  const gateway = { metadata: { namespace: 'a', name: 'g' }, spec: { listeners: [], resources } };
  const rendered = gatewayDeployment(gateway as unknown as EgressGateway, 'i') as unknown as Rendered;
  const [container] = rendered.spec.template.spec.containers;
  return {
    processes: container?.env.find(({ name }) => name === 'CLRK_GATEWAY_PROCESSES')?.value,
    resources: container?.resources,
  };
}

const usual = { requests: { cpu: '100m', memory: '192Mi' }, limits: { memory: '1Gi' } };

describe('resources of a gateway', () => {
  test('nothing said: one process, as ever', () => {
    expect(render()).toEqual({ processes: undefined, resources: usual });
    expect(render({})).toEqual({ processes: undefined, resources: usual });
  });

  test.each<[string | number, string | undefined]>([
    ['500m', undefined],
    ['1', undefined],
    ['1999m', undefined],
    ['2', '2'],
    [4, '4'],
    ['2500m', '2'],
    ['3.9', '3'],
    ['1e1', '10'],
    ['1k', '1000'],
    ['1M', '9999'],
  ])('limits.cpu %s: processes %s', (cpu, processes) => {
    expect(render({ limits: { cpu } }).processes).toBe(processes);
  });

  test('a request alone is no limit: nobody knows what more it may use', () => {
    expect(render({ requests: { cpu: '4' } })).toEqual({
      processes: undefined,
      resources: { requests: { cpu: '4', memory: '192Mi' }, limits: { memory: '1Gi' } },
    });
  });

  test('memory that nobody speaks of grows with the processes', () => {
    expect(render({ limits: { cpu: '4' } }).resources).toEqual({
      requests: { memory: '768Mi' },
      limits: { cpu: '4', memory: '4Gi' },
    });
  });

  test('what is said of a resource is all that is said of it', () => {
    expect(render({ limits: { cpu: '2', memory: '128Mi' } }).resources).toEqual({
      requests: {},
      limits: { cpu: '2', memory: '128Mi' },
    });
    expect(render({ requests: { memory: '2Gi' } }).resources).toEqual({
      requests: { cpu: '100m', memory: '2Gi' },
      limits: {},
    });
  });
});

describe('resources with which no gateway serves', () => {
  test.each([
    [
      'a request above its limit',
      { requests: { cpu: '2' }, limits: { cpu: '1' } },
      /requests\.cpu 2 is more/,
    ],
    ['a usual request above a limit', { limits: { memory: '64Mi' } }, /too little/],
    [
      'too little memory for its processes',
      { limits: { cpu: '4', memory: '700Mi' } },
      /4 processes need 768Mi/,
    ],
    ['as much as they need', { limits: { cpu: '4', memory: '768Mi' } }, undefined],
    ['limits alone', { limits: { cpu: '500m', memory: '1Gi' } }, undefined],
    ['nothing', {}, undefined],
  ])('%s', (_title, written, said) => {
    const fault = faultOfGatewayResources(written);
    if (said === undefined) expect(fault).toBeUndefined();
    else expect(fault).toMatch(said);
  });
});
