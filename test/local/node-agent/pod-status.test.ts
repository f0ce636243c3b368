/** What `kubectl get pods` shows, from what the agent observes. */
import { describe, expect, it } from 'vitest';
import { platformImage } from '../../../contract/index.ts';
import type { Pod } from '../../../local/kube/object.ts';
import {
  absentContainer,
  type ContainerObservation,
  type PodObservation,
} from '../../../local/node-agent/pod-observation.ts';
import { computePodStatus } from '../../../local/node-agent/pod-status.ts';

const facts = { nodeAddress: '198.51.100.1' };
const now = Date.parse('2026-01-01T00:00:10.000Z');
const pod: Pod = {
  metadata: { name: 'p', namespace: 'n', uid: 'u' },
  spec: { nodeName: 'clrk-dev', containers: [{ name: 'c', image: platformImage }] },
};

function observation(
  container: Partial<ContainerObservation>,
  change: Partial<PodObservation> = {},
): PodObservation {
  const containers = new Map([['c', { ...absentContainer, ...container }]]);
  return {
    uid: 'u',
    namespace: 'n',
    name: 'p',
    stage: 'prepared',
    address: '198.51.100.2',
    containers,
    ...change,
  };
}

const lastExit = { startedAt: now - 2_000, finishedAt: now - 1_000, exitCode: 3 };

describe('computePodStatus', () => {
  it.each([
    ['Pending', 'ContainerCreating', undefined],
    ['Pending', 'ContainerCreating', observation({}, { stage: 'preparing' })],
    [
      'Pending',
      'CreateContainerConfigError',
      observation(
        {},
        { stage: 'preparing', blocked: { reason: 'CreateContainerConfigError', message: 'm', retryAt: 0 } },
      ),
    ],
    ['Running', 'CrashLoopBackOff', observation({ lastExit, failures: 2 })],
  ])('is %s with reason %s', (phase, reason, observed) => {
    const status = computePodStatus(pod, observed, facts, now);
    expect(status.phase).toBe(phase);
    expect(status.containerStatuses?.[0]?.state).toMatchObject({ waiting: { reason } });
    expect(status.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('False');
  });

  it('is Running and Ready with its address when the probe passes', () => {
    const status = computePodStatus(
      pod,
      observation({ running: true, started: true, ready: true, pid: 7, startedAt: now }),
      facts,
      now,
    );
    expect(status).toMatchObject({ phase: 'Running', podIP: '198.51.100.2', hostIP: '198.51.100.1' });
    expect(status.containerStatuses?.[0]).toMatchObject({
      ready: true,
      state: { running: { startedAt: '2026-01-01T00:00:10Z' } },
    });
    expect(status.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
  });

  it('names the image it will not run', () => {
    const alien = { ...pod, spec: { ...pod.spec, containers: [{ name: 'c', image: 'nginx' }] } };
    const [container] = computePodStatus(alien, undefined, facts, now).containerStatuses ?? [];
    expect(container?.state).toMatchObject({
      waiting: { reason: 'ErrImageNeverPull', message: expect.stringContaining('nginx') as string },
    });
  });

  it('finishes a pod that is not restarted', () => {
    const once = { ...pod, spec: { ...pod.spec, restartPolicy: 'Never' } };
    expect(computePodStatus(once, observation({ lastExit }), facts, now).phase).toBe('Failed');
    expect(
      computePodStatus(once, observation({ lastExit: { ...lastExit, exitCode: 0 } }), facts, now).phase,
    ).toBe('Succeeded');
  });

  it('moves a condition’s time only with its status, and keeps other writers’ conditions', () => {
    const scheduled = {
      type: 'PodScheduled',
      status: 'True',
      lastTransitionTime: '2025-12-31T00:00:00Z',
    } as const;
    const before = computePodStatus(
      { ...pod, status: { conditions: [scheduled] } },
      observation({}),
      facts,
      now,
    );
    const after = computePodStatus(
      { ...pod, status: before },
      observation({ running: true, ready: true }),
      facts,
      now + 60_000,
    );
    const times = (type: string): (string | undefined)[] =>
      [before, after].map(
        ({ conditions }) => conditions?.find((each) => each.type === type)?.lastTransitionTime,
      );
    expect(times('PodScheduled')).toEqual([scheduled.lastTransitionTime, scheduled.lastTransitionTime]);
    expect(times('Initialized')).toEqual(['2026-01-01T00:00:10Z', '2026-01-01T00:00:10Z']);
    expect(times('Ready')).toEqual(['2026-01-01T00:00:10Z', '2026-01-01T00:01:10Z']);
  });
});
