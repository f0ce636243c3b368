/** What every way of installing the platform must give: the example answers through its Service, and it is recorded. */
import { expect } from 'vitest';
import { invocationSchema, isTerminal, type Invocation } from '../../../contract/index.ts';
import { Value } from 'typebox/value';
import { until, type Cluster } from './cluster.ts';
import { agentNamespace, type Scene } from './scene.ts';

/** The record, once it is there and final; what `clrk get invocations` says. */
export async function recorded(cluster: Cluster, id: string): Promise<Invocation> {
  return until(`the record of ${id}`, async () => {
    const { code, stdout } = await cluster.clrk([
      'get',
      'invocations',
      id,
      '-n',
      agentNamespace,
      '-o',
      'json',
    ]);
    if (code !== 0) return undefined;
    const value: unknown = JSON.parse(stdout);
    if (!Value.Check(invocationSchema, value)) throw new Error(`not an Invocation: ${stdout.slice(0, 500)}`);
    return isTerminal(value.status.phase) ? value : undefined;
  });
}

export async function expectHello(cluster: Cluster, scene: Scene): Promise<void> {
  const prompt = 'Is anybody there?';
  const answer = await scene.call(prompt);
  expect(answer).toMatchObject({
    status: 200,
    text: `Hello from the stand-in. You said: "${prompt}"`,
  });
  const record = await recorded(cluster, answer.id);
  expect(record.status.phase).toBe('Succeeded');
}
