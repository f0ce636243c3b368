/** A container's environment as kubelet would resolve it, plus the paths that move into local volumes. */
import { describe, expect, it } from 'vitest';
import { platformImage } from '../../../contract/index.ts';
import type { EnvVar, Service } from '../../../local/kube/object.ts';
import {
  expand,
  relocate,
  resolveArguments,
  resolveEnvironment,
  serviceVariables,
  type EnvironmentSources,
} from '../../../local/node-agent/container-environment.ts';

const mounts = new Map([
  ['/var/lib/clrk', '/home/v/all'],
  ['/var/lib/clrk/state', '/home/v/state'],
]);
const service: Service = {
  metadata: { name: 'clrk-telemetry', namespace: 'n' },
  spec: { clusterIP: '198.51.100.140', ports: [{ name: 'otlp', port: 4318 }] },
};
const sources: EnvironmentSources = {
  pod: { metadata: { name: 'p', namespace: 'n', uid: 'u', labels: { app: 'x' } }, spec: { containers: [] } },
  podAddress: '198.51.100.2',
  nodeName: 'node',
  nodeAddress: '198.51.100.1',
  configMap: (name) => (name === 'settings' ? new Map([['url', 'nats://x']]) : undefined),
  secret: (name) => (name === 'keys' ? new Map([['token', 't']]) : undefined),
  services: [service],
  mounts,
};
const resolve = (env: readonly EnvVar[]): Record<string, string> =>
  resolveEnvironment({ name: 'c', image: platformImage, env }, sources);

describe('expand', () => {
  it.each([
    ['$(A)-$(B)', '1-2'],
    ['$$(A)', '$(A)'],
    ['$(MISSING)', '$(MISSING)'],
    ['$A', '$A'],
  ])('%s becomes %s', (text, expected) => {
    expect(expand(text, { A: '1', B: '2' })).toBe(expected);
  });
});

describe('relocate', () => {
  it.each([
    ['/var/lib/clrk/state', '/home/v/state'],
    ['/var/lib/clrk/state/a', '/home/v/state/a'],
    ['/var/lib/clrk/other', '/home/v/all/other'],
    ['/var/lib/clrkx', '/var/lib/clrkx'],
    ['--dir=/var/lib/clrk/state/a', '--dir=/home/v/state/a'],
    ['https://x/var/lib/clrk', 'https://x/var/lib/clrk'],
  ])('%s becomes %s', (value, expected) => {
    expect(relocate(value, mounts)).toBe(expected);
  });
});

describe('resolveEnvironment', () => {
  it('resolves every source in order', () => {
    const result = resolve([
      { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'APP', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
      { name: 'URL', valueFrom: { configMapKeyRef: { name: 'settings', key: 'url' } } },
      { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'keys', key: 'token' } } },
      { name: 'NONE', valueFrom: { configMapKeyRef: { name: 'absent', key: 'x', optional: true } } },
      { name: 'BOTH', value: '$(IP):$(APP)' },
      { name: 'DIR', value: '/var/lib/clrk/state' },
    ]);
    expect(result).toMatchObject({
      IP: '198.51.100.2',
      APP: 'x',
      URL: 'nats://x',
      TOKEN: 't',
      BOTH: '198.51.100.2:x',
      DIR: '/home/v/state',
    });
    expect(result).not.toHaveProperty('NONE');
  });

  it.each([
    ['a missing ConfigMap', { configMapKeyRef: { name: 'absent', key: 'x' } }, 'ConfigMap absent not found'],
    ['a missing key', { secretKeyRef: { name: 'keys', key: 'x' } }, 'Secret keys has no key x'],
    ['an unknown field', { fieldRef: { fieldPath: 'spec.x' } }, 'spec.x'],
  ])('says which: %s', (_title, valueFrom, message) => {
    expect(() => resolve([{ name: 'A', valueFrom }])).toThrow(message);
  });

  it('never puts a secret’s value into the error', () => {
    expect(() => resolve([{ name: 'A', valueFrom: { secretKeyRef: { name: 'keys', key: 'no' } } }])).toThrow(
      /^((?!\bt\b).)*$/,
    );
  });
});

describe('serviceVariables', () => {
  it('names host and ports, and leaves out what has no address', () => {
    const external: Service = { metadata: { name: 'x' }, spec: { type: 'ExternalName' } };
    expect(serviceVariables([service, external])).toEqual({
      CLRK_TELEMETRY_SERVICE_HOST: '198.51.100.140',
      CLRK_TELEMETRY_SERVICE_PORT: '4318',
      CLRK_TELEMETRY_SERVICE_PORT_OTLP: '4318',
    });
  });
});

describe('resolveArguments', () => {
  it('expands, then relocates', () => {
    const container = { name: 'c', image: platformImage, args: ['worker', '--dir=$(D)/x'] };
    expect(resolveArguments(container, { D: '/var/lib/clrk/state' }, mounts)).toEqual([
      'worker',
      '--dir=/home/v/state/x',
    ]);
  });
});
