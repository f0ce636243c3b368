/** What every way of installing the platform must give: the example answers through its Service, and it is recorded. */
import { expect } from 'vitest';
import { invocationSchema, isTerminal, type Invocation } from '../../../contract/index.ts';
import { Value } from 'typebox/value';
import { until, type Cluster } from './cluster.ts';
import { agentNamespace, type Scene } from './scene.ts';

/** The records by id, once each of these ids has a final one; what `clrk get invocations` says. */
export async function recorded(
  cluster: Cluster,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Invocation>> {
  return until('final records of every call', async () => {
    const list = JSON.parse(
      await cluster.mustClrk(['get', 'invocations', '-n', agentNamespace, '-o', 'json']),
    ) as { readonly items: readonly unknown[] };
    const records = list.items.filter((item) => Value.Check(invocationSchema, item));
    const found = new Map(records.map((record) => [record.metadata.name, record]));
    // One row a call: a doubled one would be in the list twice.
    for (const id of ids)
      expect(records.filter(({ metadata }) => metadata.name === id).length).toBeLessThan(2);
    return ids.every((id) => isTerminal(found.get(id)?.status.phase ?? '')) ? found : undefined;
  });
}

export async function expectHello(cluster: Cluster, scene: Scene): Promise<void> {
  const prompt = 'Is anybody there?';
  const answer = await scene.call(prompt);
  expect(answer).toMatchObject({
    status: 200,
    text: `Hello from the stand-in. You said: "${prompt}"`,
  });
  const records = await recorded(cluster, [answer.id]);
  expect(records.get(answer.id)?.status.phase).toBe('Succeeded');
}
