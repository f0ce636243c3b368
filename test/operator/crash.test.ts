import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configSecretName } from '../../contract/index.ts';
import { kinds } from '../../operator/kind.ts';
import {
  type ApiClient,
  type ApplyOptions,
  type KubeApi,
  type KubeObject,
  type Resource,
} from '../../operator/runtime/index.ts';
import { ControlPlane, eventually } from './control-plane.ts';
import { agent, backend, gateway, l4Route, policy, pool, providerRoute } from './manifest.ts';
import { FakeDataPlanes, RunningOperator } from './running-operator.ts';

const everything = [pool, gateway, providerRoute, l4Route, backend, agent(), policy];
const kindOf: Readonly<Record<string, Resource>> = Object.fromEntries(
  Object.values(kinds).map((kind) => [kind.kind, kind as Resource]),
);

// A dead leader's lease must run out; 15 s each time would be all this test does.
const shortTimes = { leaseMs: 2_000, renewDeadlineMs: 1_500, retryMs: 200 };

let plane: ControlPlane;
let api: ApiClient;

beforeAll(async () => {
  plane = await ControlPlane.start();
  api = plane.client();
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'clrk-system' } };
  await api.apply(kinds.namespace, namespace, { fieldManager: 'test' });
}, 120_000);

afterAll(async () => {
  await plane?.stop();
}, 60_000);

/** Lets `writes` writes through and fails every call after, as a process that is gone would. */
function dying(inner: KubeApi, writes: number): { readonly api: KubeApi; readonly dead: Promise<void> } {
  let left = writes;
  let die: () => void = () => undefined;
  const dead = new Promise<void>((resolve) => (die = resolve));
  const write = async <T>(resource: Resource, call: () => Promise<T>): Promise<T> => {
    if (resource.kind === 'Lease' || resource.kind === 'Event') return await call();
    if (left <= 0) {
      die();
      throw new Error('crashed');
    }
    left -= 1;
    return await call();
  };
  return {
    dead,
    api: {
      get: async (resource, path) => await inner.get(resource, path),
      list: async (resource, query) => await inner.list(resource, query),
      watch: (resource, query, signal) => inner.watch(resource, query, signal),
      apply: async (resource: Resource, object: KubeObject, options: ApplyOptions) =>
        await write(resource, async () => await inner.apply(resource, object, options)),
      create: async (resource, object) =>
        await write(resource, async () => await inner.create(resource, object)),
      replace: async (resource, object) =>
        await write(resource, async () => await inner.replace(resource, object)),
      delete: async (resource, path, uid) =>
        await write(resource, async () => await inner.delete(resource, path, uid)),
    },
  };
}

/** What must be there in the end, whatever happened on the way. */
async function converged(): Promise<void> {
  const namespaced = async (resource: Resource): Promise<string[]> =>
    (await api.list(resource, {})).items
      .filter(
        ({ metadata }) => metadata?.namespace === 'default' && metadata.name?.includes('default') !== true,
      )
      .map(({ metadata }) => metadata?.name ?? '')
      .sort();
  expect(await namespaced(kinds.deployment)).toEqual(['clrk-egress-g', 'p-workers']);
  expect(await namespaced(kinds.service)).toEqual(['clrk-egress-g', 'clrk-hello', 'kubernetes', 'p-workers']);
  expect(await namespaced(kinds.role)).toEqual(['clrk-egress-g', 'clrk-worker-p']);
  expect(await namespaced(kinds.roleBinding)).toEqual(['clrk-egress-g', 'clrk-worker-p']);
  expect(await namespaced(kinds.networkPolicy)).toEqual(['clrk-egress-g', 'p-workers']);
  expect(await namespaced(kinds.podDisruptionBudget)).toEqual(['clrk-egress-g']);
  expect(await namespaced(kinds.agentSandboxRevision)).toHaveLength(1);
  expect(await namespaced(kinds.secret)).toEqual([
    configSecretName.gateway('g'),
    'clrk-egressgateway-ca-g',
    configSecretName.pool('p'),
    'clrk-pool-keys-p',
  ]);
  for (const { kind = '', metadata } of everything) {
    const object = await api.get(kindOf[kind] as Resource, { namespace: 'default', name: metadata?.name });
    const { status } = object as { status?: { observedGeneration?: number } };
    expect(status?.observedGeneration).toBe(object?.metadata?.generation);
  }
}

async function removeAll(): Promise<void> {
  for (const { kind = '', metadata } of everything) {
    const resource = kindOf[kind] as Resource;
    const found = await api.get(resource, { namespace: 'default', name: metadata?.name });
    await api.delete(resource, { namespace: 'default', name: metadata?.name }, found?.metadata?.uid ?? '');
  }
  await eventually(async () => {
    for (const kind of [
      kinds.deployment,
      kinds.agentSandboxRevision,
      kinds.secret,
      kinds.role,
      kinds.roleBinding,
      kinds.networkPolicy,
      kinds.podDisruptionBudget,
    ]) {
      const { items } = await api.list(kind, {});
      expect(items.filter((item) => item.metadata?.namespace === 'default')).toEqual([]);
    }
  }, 30_000);
}

describe('operator that dies between two writes', () => {
  it.each([1, 5, 12, 20])(
    'after %i writes: the next one ends in the same world',
    async (writes) => {
      for (const object of everything) {
        await api.apply(kindOf[object.kind ?? ''] as Resource, object, { fieldManager: 'test' });
      }
      const { api: dyingApi, dead } = dying(plane.client(), writes);
      const first = new RunningOperator(dyingApi, new FakeDataPlanes(), {
        identity: 'first',
        times: shortTimes,
      });
      await dead;
      await first.stop();
      const second = new RunningOperator(plane.client(), new FakeDataPlanes(), {
        identity: 'second',
        times: shortTimes,
      });
      try {
        await eventually(converged, 30_000);
      } finally {
        await second.stop();
      }
      await removeAll();
    },
    60_000,
  );
});
