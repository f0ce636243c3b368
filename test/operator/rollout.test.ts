/** A rollout: the old revision stays while a call may still be sent to it, in the old pool too. */
import { describe, expect, it } from 'vitest';
import { label } from '../../operator/compile/index.ts';
import type { ControllerSpec } from '../../operator/context.ts';
import { gatewayWatches } from '../../operator/egressgateway/watches.ts';
import type { AgentSandboxRevision } from '../../operator/kind.ts';
import { expiredRevisions, overlapMs, servingSince } from '../../operator/revision.ts';
import type { KubeObject } from '../../operator/runtime/index.ts';
import { poolWatches } from '../../operator/workerpool/watches.ts';
import { TestWorld } from './compiled-world.ts';
import { agent, gateway, manifest, pool } from './manifest.ts';

const uid = 'agent-uid';
function revision(name: string, poolName = 'p'): KubeObject {
  const owner = { apiVersion: 'v1', kind: 'TaskAgent', name: 'hello', uid, controller: true };
  const labels = { [label.agent]: 'hello', [label.agentKind]: 'TaskAgent', [label.revisionPool]: poolName };
  const made = manifest('AgentSandboxRevision', name, { image: 'x/y:1' }, labels);
  return { ...made, metadata: { ...made.metadata, uid: name, ownerReferences: [owner] } };
}
const three = ['hello-00001', 'hello-00002', 'hello-00003'].map(
  (name) => revision(name) as AgentSandboxRevision,
);
const over = {
  created: 'hello-00003',
  ready: 'hello-00003',
  servedBefore: 'hello-00003',
  isTaken: true,
  readyForMs: overlapMs,
};
const names = (revisions: readonly AgentSandboxRevision[]): string[] =>
  revisions.map(({ metadata }) => metadata.name);

describe('old revisions', () => {
  it.each([
    ['go once the new one has served for a while', over, ['hello-00001', 'hello-00002']],
    ['stay while an ingress was not told', { ...over, isTaken: false }, []],
    ['stay while calls sent just before may be on their way', { ...over, readyForMs: overlapMs - 1 }, []],
    ['stay while the status does not say it yet', { ...over, servedBefore: 'hello-00002' }, []],
    [
      'go beside a rollout that is stuck, but for what serves',
      { ...over, ready: 'hello-00002', servedBefore: 'hello-00002' },
      ['hello-00001'],
    ],
  ] as const)('%s', (_what, rollout, expired) => {
    expect(names(expiredRevisions(three, rollout))).toEqual(expired);
  });

  it('serves since its condition says so', () => {
    const active = {
      type: 'Active',
      status: 'True',
      reason: 'Serving',
      message: '',
      lastTransitionTime: '2026-01-01T00:00:10Z',
    };
    const serving = { ...three[0], status: { conditions: [active] } } as AgentSandboxRevision;
    expect(servingSince(serving)).toBe(Date.parse('2026-01-01T00:00:10Z'));
    expect(servingSince(three[0])).toBeUndefined();
  });
});

describe('an agent that moves to another pool', () => {
  const other = { ...pool, metadata: { ...pool.metadata, name: 'q' } };
  const moved = {
    ...agent(),
    metadata: { ...agent().metadata, uid },
    spec: { ...(agent() as unknown as { spec: object }).spec, workerPoolRef: 'q' },
    status: { latestReadyRevisionName: 'hello-00001' },
  } as KubeObject;
  const world = new TestWorld([
    pool,
    other,
    gateway,
    moved,
    revision('hello-00001', 'p'),
    revision('hello-00002', 'q'),
  ]);

  it('is called in the old pool until it serves in the new', () => {
    expect(world.shard().document.agents).toMatchObject([
      { pool: 'default/p', servingRevision: 'hello-00001' },
    ]);
    expect(world.pool()?.agents).toMatchObject([
      { servingRevision: 'hello-00001', revisions: [{ name: 'hello-00001' }] },
    ]);
  });

  it('reaches its gateway from both', () => {
    const metadata = { namespace: 'default', name: 'clrk-pool-keys-q', uid: 'q' };
    world.bring({ kind: 'Secret', metadata, data: { 'frame.key': 'Zg==' } } as KubeObject);
    expect(world.gateway()?.framePeers).toMatchObject([
      { pool: 'default/p', agents: ['TaskAgent/default/hello'] },
      { pool: 'default/q', agents: ['TaskAgent/default/hello'] },
    ]);
  });

  const told = (watches: ControllerSpec['watches'], kind: string, object: KubeObject): string[] =>
    watches
      .filter(({ resource }) => resource.kind === kind)
      .flatMap(({ keysOf }) => keysOf(world.world, { before: undefined, after: object }));

  it('what is said of it is looked at in both pools', () => {
    expect(told(poolWatches, 'TaskAgent', moved).toSorted()).toEqual(['default/p', 'default/q']);
  });

  it.each([
    ['TaskAgent', moved],
    ['DaemonAgent', { ...moved, kind: 'DaemonAgent' }],
    ['AgentSandboxRevision', revision('hello-00001', 'p')],
  ])('a change of its %s is looked at by its gateway', (kind, object) => {
    expect(told(gatewayWatches, kind, object)).toEqual(['default/g']);
  });
});

describe('a gateway', () => {
  it('takes frames of every kind of agent, and selects among them all', () => {
    const daemon = manifest(
      'DaemonAgent',
      'd',
      { template: { spec: { image: 'x/y:1' } }, workerPoolRef: 'p', egressRefs: [{ gatewayRef: 'g' }] },
      { team: 'a' },
    );
    const route = manifest('EgressL4Route', 'db', {
      parentRefs: [{ name: 'g' }],
      rules: [
        {
          matches: [
            {
              destinationHostnames: ['db.example.com'],
              ports: [{ port: 5432 }],
              sourceAgents: { matchLabels: { team: 'a' } },
            },
          ],
        },
      ],
    });
    const document = new TestWorld([pool, gateway, agent(), daemon, route]).gateway();
    expect(document?.framePeers[0]?.agents).toEqual(['DaemonAgent/default/d', 'TaskAgent/default/hello']);
    expect(document?.destinations.rules[0]?.sourceAgents).toEqual(['DaemonAgent/default/d']);
  });
});
