/** Which revisions are an agent's, and what it costs to ask it of every agent of a namespace. */
import { expect, test } from 'vitest';
import { poolsOfAgent, revisionsOf } from '../../../operator/compile/index.ts';
import { kinds, type AgentSandboxRevision, type TaskAgent } from '../../../operator/kind.ts';
import type { KubeObject } from '../../../operator/runtime/index.ts';
import { TestWorld } from '../compiled-world.ts';

const agent = (name: string, uid: string): TaskAgent =>
  ({ metadata: { namespace: 'default', name, uid }, spec: { workerPoolRef: 'p' } }) as TaskAgent;

interface Owned {
  readonly name: string;
  readonly agent: string;
  readonly uid?: string;
  readonly pool?: string;
  readonly gone?: boolean;
}

const revision = ({ name, agent: owner, uid, pool = 'p', gone = false }: Owned): KubeObject => ({
  kind: 'AgentSandboxRevision',
  metadata: {
    namespace: 'default',
    name,
    uid: name,
    labels: { 'clrk.apoxy.dev/agent': owner, 'clrk.apoxy.dev/worker-pool': pool },
    ...(gone ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    ...(uid === undefined
      ? {}
      : { ownerReferences: [{ apiVersion: 'v1', kind: 'TaskAgent', name: owner, uid, controller: true }] }),
  },
});

function asked(objects: readonly KubeObject[]): { revisions: string[]; pools: readonly string[] } {
  const { world } = new TestWorld([]);
  const cache = world.cache(kinds.agentSandboxRevision);
  for (const object of objects) cache.change({ type: 'upsert', object });
  const one = agent('a', 'u');
  return {
    revisions: revisionsOf(world, one).map(({ metadata }) => metadata.name),
    pools: poolsOfAgent(world, one),
  };
}

test.each<[string, Owned, boolean]>([
  ['its own', { name: 'r', agent: 'a', uid: 'u' }, true],
  ['of another agent', { name: 'r', agent: 'b', uid: 'v' }, false],
  ['of a deleted namesake', { name: 'r', agent: 'a', uid: 'old' }, false],
  ['of nobody, with its label', { name: 'r', agent: 'a' }, false],
  ['with the label of another', { name: 'r', agent: 'b', uid: 'u' }, false],
  ['on its way out', { name: 'r', agent: 'a', uid: 'u', gone: true }, false],
])('a revision %s', (_name, owned, isIts) => {
  const { revisions, pools } = asked([revision({ ...owned, pool: 'q' })]);
  expect(revisions).toEqual(isIts ? ['r'] : []);
  expect(pools).toEqual(isIts ? ['p', 'q'] : ['p']);
});

test('a namespace of agents is asked about with one look at each of its revisions', () => {
  const { world } = new TestWorld([]);
  const cache = world.cache(kinds.agentSandboxRevision);
  const names = Array.from({ length: 300 }, (_, index) => `a${index}`);
  let looks = 0;
  for (const name of names) {
    const object = revision({ name: `r-${name}`, agent: name, uid: name });
    const { ownerReferences } = object.metadata ?? {};
    Object.defineProperty(object.metadata, 'ownerReferences', {
      get: () => {
        looks += 1;
        return ownerReferences;
      },
    });
    cache.change({ type: 'upsert', object });
  }
  for (const name of names) {
    const one = agent(name, name);
    const found: readonly AgentSandboxRevision[] = revisionsOf(world, one);
    expect(found.map(({ metadata }) => metadata.name)).toEqual([`r-${name}`]);
  }
  expect(looks).toBeLessThanOrEqual(names.length);
});
