/** How much the operator writes: for each new agent, for one that a quota refuses, for a namespace that is being deleted. */
import { expect, it } from 'vitest';
import { kinds } from '../../operator/kind.ts';
import type { KubeObject, Resource } from '../../operator/runtime/index.ts';
import { eventually } from './control-plane.ts';
import { useConvergence } from './converge-bed.ts';
import { gateway, manifest, pool } from './manifest.ts';

const bed = useConvergence();
const namespaces: Resource = kinds.namespace;
const count = 40;

const agentOf = (name: string, namespace = 'default'): KubeObject => {
  const spec = {
    template: { spec: { image: 'x/y:1' } },
    workerPoolRef: 'p',
    egressRefs: [{ gatewayRef: 'g' }],
  };
  const made = manifest('TaskAgent', name, spec);
  return { ...made, metadata: { ...made.metadata, namespace } };
};

/** Until no write has come for a while. */
async function settled(): Promise<number> {
  let before = -1;
  await eventually(async () => {
    const now = bed.writes;
    const isQuiet = now === before;
    before = now;
    await Promise.resolve();
    if (!isQuiet) throw new Error('still writing');
  }, 30_000);
  return bed.writes;
}

async function awaitStatus(names: readonly string[], namespace = 'default'): Promise<void> {
  await eventually(async () => {
    for (const name of names) {
      const agent = await bed.get<{ status?: { conditions?: unknown[] } }>(kinds.taskAgent, name, namespace);
      expect(agent.status?.conditions?.length ?? 0).toBeGreaterThan(3);
    }
  }, 60_000);
}

it('writes at most four objects for each new agent, from cold to status', async () => {
  for (const object of [pool, gateway]) await bed.apply(object);
  await bed.expectCondition(kinds.egressGateway, 'g', {
    type: 'Accepted',
    status: 'True',
    reason: 'Accepted',
  });
  const before = await settled();
  const names = Array.from({ length: count }, (_, index) => `a${index}`);
  await Promise.all(names.map(async (name) => await bed.apply(agentOf(name))));
  await awaitStatus(names);
  const each = ((await settled()) - before) / count;
  process.stderr.write(`writes an agent: ${each.toFixed(2)}\n`);
  expect(each).toBeLessThanOrEqual(4);
}, 120_000);

it('writes next to nothing while a namespace is being deleted', async () => {
  const name = 'leaving';
  const made = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
  const { metadata } = await bed.api.apply(namespaces, made, { fieldManager: 'test' });
  const names = Array.from({ length: 10 }, (_, index) => `b${index}`);
  for (const agent of names) await bed.apply(agentOf(agent, name));
  await awaitStatus(names, name);
  const before = await settled();
  await bed.api.delete(namespaces, { name }, metadata?.uid ?? '');
  await eventually(async () => expect(await bed.api.get(namespaces, { name })).toBeUndefined(), 60_000);
  const meanwhile = (await settled()) - before;
  process.stderr.write(`writes while a namespace goes: ${meanwhile}\n`);
  // The shard of the ingress that held its agents; what was under way when the namespace was marked.
  expect(meanwhile).toBeLessThanOrEqual(names.length);
}, 120_000);

it('a namespace named as the operator names its own work stops none of it', async () => {
  const name = 'control-plane';
  const made = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, finalizers: ['example.com/hold'] },
  } as KubeObject;
  const { metadata } = await bed.api.apply(namespaces, made, { fieldManager: 'test' });
  await bed.api.delete(namespaces, { name }, metadata?.uid ?? '');
  await eventually(async () => {
    const going = await bed.api.get(namespaces, { name });
    expect(going?.metadata?.deletionTimestamp).toBeDefined();
  }, 30_000);
  await bed.apply(agentOf('later'));
  await eventually(async () => {
    const { agents } = await bed.ingressConfig();
    expect(agents.map((agent) => agent.name)).toContain('later');
  }, 60_000);
}, 120_000);
