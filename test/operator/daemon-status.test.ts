/** What a DaemonAgent's status says of its one instance, and what its pool's config says of it. */
import { describe, expect, test } from 'vitest';
import { containedAnnotation, type DaemonStatusWord, type WorkerStatus } from '../../contract/index.ts';
import { daemonVerdict, wordOfDaemon, type DaemonVerdict } from '../../operator/daemonagent/status.ts';
import { diffStatus } from '../../operator/data-plane-status.ts';
import type { AgentSandboxRevision, DaemonAgent } from '../../operator/kind.ts';
import { TestWorld } from './compiled-world.ts';
import { gateway, manifest, pool } from './manifest.ts';

const now = Date.parse('2026-11-27T12:00:00Z');
const id = 'DaemonAgent/default/loop';

function daemon(spec: object = {}, metadata: object = {}, status: object = {}): DaemonAgent {
  return {
    metadata: { namespace: 'default', name: 'loop', uid: 'u', generation: 1, ...metadata },
    spec: { workerPoolRef: 'p', template: { spec: { image: 'x/y:1' } }, ...spec },
    status,
  } as unknown as DaemonAgent;
}

const ready = {
  metadata: { namespace: 'default', name: 'loop-00001' },
  status: {
    conditions: [{ type: 'Ready', status: 'True', reason: 'RevisionReady', lastTransitionTime: 'x' }],
  },
} as unknown as AgentSandboxRevision;

const running: DaemonStatusWord = {
  ...{ phase: 'Running', revision: 'loop-00001', restarts: 2, invocation: 'i-1', upSince: now - 5_500 },
};

function worker(word: DaemonStatusWord | undefined, more: Partial<WorkerStatus> = {}): WorkerStatus {
  return {
    ...{
      version: 1,
      role: 'worker',
      namespace: 'default',
      pod: 'w-1',
      pool: 'p',
      address: 'a:1',
      configDigest: 'd',
    },
    ...{ draining: false, at: now, inFlight: {}, capacity: 1, warm: {}, images: {} },
    ...(word === undefined ? {} : { daemons: { [id]: word } }),
    ...more,
  };
}

function verdict(agent: DaemonAgent, workers: readonly WorkerStatus[], revisions = [ready]): DaemonVerdict {
  const observation = {
    ...{ agent, poolExists: true, gateways: new Map(), revisions, workers, now },
    ...{ envProblem: undefined, fault: undefined },
  };
  return daemonVerdict(observation, wordOfDaemon(id, workers));
}

const ended = {
  ...running,
  phase: 'Stopped' as const,
  lastEnd: { reason: 'NonZeroExit' as const, message: 'it exited with 3' },
};
const contained = daemon({}, { annotations: { [containedAnnotation]: 'by ops' } });

describe('the status of a daemon', () => {
  test.each<[string, DaemonVerdict, string, string, string]>([
    ['it runs', verdict(daemon(), [worker(running)]), 'Running', 'ready', 'Running'],
    [
      'it starts',
      verdict(daemon(), [worker({ ...running, phase: 'Starting' })]),
      'Stopped',
      'pending',
      'Starting',
    ],
    [
      'its image is not there',
      verdict(daemon(), [worker(undefined)], []),
      'Stopped',
      'pending',
      'NoWorkersReady',
    ],
    ['nobody runs it yet', verdict(daemon(), [worker(undefined)]), 'Stopped', 'pending', 'WaitingForWorker'],
    ['there is no worker', verdict(daemon(), []), 'Stopped', 'pending', 'NoWorkersReady'],
    [
      'it ends again and again',
      verdict(daemon(), [worker({ ...running, phase: 'CrashLoopBackOff' })]),
      ...(['CrashLoopBackOff', 'stalled', 'CrashLoopBackOff'] as const),
    ],
    [
      'another revision runs',
      verdict(daemon(), [worker({ ...running, revision: 'loop-00000' })]),
      ...(['Running', 'pending', 'RollingOut'] as const),
    ],
    ['it has ended for good, badly', verdict(daemon(), [worker(ended)]), 'Stopped', 'stalled', 'NonZeroExit'],
    [
      'it has ended for good, well',
      verdict(daemon(), [worker({ ...ended, lastEnd: { reason: 'Completed' } })]),
      ...(['Stopped', 'ready', 'Completed'] as const),
    ],
    [
      'it is suspended',
      verdict(daemon({ suspend: true }), [worker(undefined)]),
      'Stopped',
      'ready',
      'Suspended',
    ],
    [
      'it is being suspended',
      verdict(daemon({ suspend: true }), [worker(running)]),
      'Running',
      'pending',
      'Stopping',
    ],
    ['it is contained', verdict(contained, [worker(undefined)]), 'Stopped', 'stalled', 'Contained'],
    [
      'who runs it knows better than who read that it had ended',
      verdict(daemon(), [worker(ended), worker(running, { pod: 'w-2' })]),
      ...(['Running', 'ready', 'Running'] as const),
    ],
  ])('%s', (_name, { phase, summary }, expectedPhase, state, reason) => {
    expect({ phase, ...summary }).toMatchObject({ phase: expectedPhase, state, reason });
  });

  test('says since when it is up, how often it was started again, and keeps that while nobody speaks', () => {
    const { status } = verdict(daemon(), [worker(running)]);
    expect(status).toMatchObject({ upSince: '2026-11-27T11:59:54Z', restartCount: 2 });
    const before = { latestReadyRevisionName: 'loop-00001', restartCount: 2 };
    expect(verdict(daemon({}, {}, before), []).status).toMatchObject({ restartCount: 2, phase: 'Stopped' });
  });

  test('a word of a worker concerns its daemon and no TaskAgent of that name', () => {
    const none = { workers: [], gateways: [], ingresses: [] };
    const { daemons, agents } = diffStatus(none, { ...none, workers: [worker(running)] });
    expect([[...daemons], [...agents]]).toEqual([['default/loop'], []]);
  });
});

describe('the config of its pool', () => {
  const compiled = (spec: object, metadata: object = {}) => {
    const object = manifest('DaemonAgent', 'loop', {
      ...{ template: { spec: { image: 'x/y:1' } }, workerPoolRef: 'p', egressRefs: [{ gatewayRef: 'g' }] },
      ...spec,
    });
    const world = new TestWorld([
      pool,
      gateway,
      { ...object, metadata: { ...object.metadata, ...metadata } },
    ]);
    return world.pool()?.agents.find(({ name }) => name === 'loop');
  };

  test.each<[string, ReturnType<typeof compiled>, object]>([
    ['as it is by default', compiled({}), { restartPolicy: 'Always', maxRestarts: 0, maxLifetimeMs: 0 }],
    [
      'as it is written',
      compiled({ restartPolicy: 'OnFailure', maxRestarts: 3, maxLifetimeSeconds: 60 }),
      { restartPolicy: 'OnFailure', maxRestarts: 3, maxLifetimeMs: 60_000 },
    ],
    ['suspended', compiled({ suspend: true }), { stop: 'Suspended' }],
    ['contained', compiled({}, { annotations: { [containedAnnotation]: '' } }), { stop: 'Contained' }],
  ])('%s', (_name, agent, expected) => {
    expect(agent).toMatchObject({ kind: 'DaemonAgent', daemon: expected, warmPoolSize: 0 });
  });
});
