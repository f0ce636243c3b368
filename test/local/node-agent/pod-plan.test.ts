/** The node agent's decisions as a table: pods and observations in, actions out. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { platformImage } from '../../../contract/index.ts';
import type { Pod } from '../../../local/kube/object.ts';
import {
  absentContainer,
  type ContainerObservation,
  type PodObservation,
} from '../../../local/node-agent/pod-observation.ts';
import { planPods } from '../../../local/node-agent/pod-plan.ts';

const now = 1_000_000;
const node = 'clrk-dev';

function pod(
  change: { spec?: Partial<Pod['spec']>; metadata?: Partial<Pod['metadata']>; status?: Pod['status'] } = {},
): Pod {
  return {
    metadata: { name: 'p', namespace: 'n', uid: 'u', ...change.metadata },
    spec: { nodeName: node, containers: [{ name: 'c', image: platformImage }], ...change.spec },
    ...(change.status === undefined ? {} : { status: change.status }),
  };
}

function observed(
  change: Partial<PodObservation> = {},
  container: Partial<ContainerObservation> = {},
): PodObservation {
  const containers = new Map([['c', { ...absentContainer, ...container }]]);
  return { uid: 'u', namespace: 'n', name: 'p', stage: 'prepared', containers, ...change };
}

const running = { running: true, pid: 7 };
const exited = (finishedAt: number, exitCode = 1): Partial<ContainerObservation> => ({
  failures: 1,
  lastExit: { startedAt: 0, finishedAt, exitCode },
});
const deletedUntil = (ms: number): Partial<Pod['metadata']> => ({
  deletionTimestamp: new Date(ms).toISOString(),
});

interface Row {
  readonly title: string;
  readonly pods: readonly Pod[];
  readonly observed: readonly PodObservation[];
  readonly actions: readonly string[];
  readonly wakeAt?: number;
}

const unbound: Partial<Pod['spec']> = { nodeName: '' };
const rows: readonly Row[] = [
  { title: 'binds a pod without a node', pods: [pod({ spec: unbound })], observed: [], actions: ['bind'] },
  {
    title: 'leaves a gated pod alone',
    pods: [pod({ spec: { ...unbound, schedulingGates: [{ name: 'x' }] } })],
    observed: [],
    actions: [],
  },
  {
    title: 'leaves another node’s pod alone',
    pods: [pod({ spec: { nodeName: 'other' } })],
    observed: [],
    actions: [],
  },
  { title: 'prepares a bound pod', pods: [pod()], observed: [], actions: ['prepare'] },
  {
    title: 'waits while preparing',
    pods: [pod()],
    observed: [observed({ stage: 'preparing' })],
    actions: [],
  },
  {
    title: 'waits for the retry of a failed preparation',
    pods: [pod()],
    observed: [observed({ stage: 'preparing', blocked: { reason: 'R', message: 'm', retryAt: now + 5 } })],
    actions: [],
    wakeAt: now + 5,
  },
  {
    title: 'prepares again when the retry is due',
    pods: [pod()],
    observed: [observed({ stage: 'preparing', blocked: { reason: 'R', message: 'm', retryAt: now } })],
    actions: ['prepare'],
  },
  { title: 'starts a prepared container', pods: [pod()], observed: [observed()], actions: ['start'] },
  { title: 'leaves a running container', pods: [pod()], observed: [observed({}, running)], actions: [] },
  {
    title: 'restarts a dead container after its back-off',
    pods: [pod()],
    observed: [observed({}, exited(now - 10_000))],
    actions: ['start'],
  },
  {
    title: 'does not restart within the back-off',
    pods: [pod()],
    observed: [observed({}, exited(now))],
    actions: [],
    wakeAt: now + 500,
  },
  {
    title: 'never restarts with restartPolicy Never',
    pods: [pod({ spec: { restartPolicy: 'Never' } })],
    observed: [observed({}, exited(0))],
    actions: [],
  },
  {
    title: 'does not repeat a success with restartPolicy OnFailure',
    pods: [pod({ spec: { restartPolicy: 'OnFailure' } })],
    observed: [observed({}, exited(0, 0))],
    actions: [],
  },
  {
    title: 'leaves a finished pod',
    pods: [pod({ status: { phase: 'Succeeded' } })],
    observed: [],
    actions: [],
  },
  {
    title: 'refuses a foreign image by doing nothing',
    pods: [pod({ spec: { containers: [{ name: 'c', image: 'nginx' }] } })],
    observed: [],
    actions: [],
  },
  {
    title: 'ends a deleted pod’s processes',
    pods: [pod({ metadata: deletedUntil(now + 9_000) })],
    observed: [observed({}, running)],
    actions: ['terminate'],
    wakeAt: now + 9_000,
  },
  {
    title: 'kills them after the grace',
    pods: [pod({ metadata: deletedUntil(now - 1) })],
    observed: [observed({ terminatingSince: now - 99 }, running)],
    actions: ['kill'],
  },
  {
    title: 'finalizes when they are gone',
    pods: [pod({ metadata: deletedUntil(now + 9_000) })],
    observed: [observed({}, exited(now))],
    actions: ['finalize'],
  },
  { title: 'forgets a vanished pod', pods: [], observed: [observed({}, exited(now))], actions: ['forget'] },
  {
    title: 'ends a vanished pod’s processes first',
    pods: [],
    observed: [observed({}, running)],
    actions: ['terminate'],
    wakeAt: now + 30_000,
  },
];

describe('planPods', () => {
  it.each(rows)('$title', ({ pods, observed: observations, actions, wakeAt }) => {
    const plan = planPods(pods, new Map(observations.map((each) => [each.uid, each])), node, now);
    expect(plan.actions.map(({ kind }) => kind)).toEqual(actions);
    expect(plan.wakeAt).toBe(wakeAt);
  });

  it('never starts anything of a pod that is being deleted, and never two things for one container', () => {
    const container = fc.record({
      running: fc.boolean(),
      failures: fc.nat(20),
      lastExit: fc.option(
        fc.record({ startedAt: fc.nat(), finishedAt: fc.nat(2 * now), exitCode: fc.nat(255) }),
        { nil: undefined },
      ),
    });
    fc.assert(
      fc.property(container, fc.boolean(), fc.boolean(), (facts, deleted, known) => {
        const { lastExit, ...rest } = facts;
        const own = observed({}, { ...rest, ...(lastExit === undefined ? {} : { lastExit }) });
        const pods = known ? [pod(deleted ? { metadata: deletedUntil(now + 1) } : {})] : [];
        const kinds = planPods(pods, new Map([['u', own]]), node, now).actions.map(({ kind }) => kind);
        if (deleted || !known) expect(kinds).not.toContain('start');
        if (facts.running) expect(kinds).not.toContain('forget');
        if (facts.running) expect(kinds).not.toContain('finalize');
        expect(new Set(kinds).size).toBe(kinds.length);
      }),
    );
  });
});
