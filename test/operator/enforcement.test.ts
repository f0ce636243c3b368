/** What a status says of fields that this version does not carry out. */
import { expect, test } from 'vitest';
import { withEnforcement } from '../../operator/enforcement.ts';
import type { TaskAgent } from '../../operator/kind.ts';
import type { Condition } from '../../operator/runtime/index.ts';
import { scheduleVerdict } from '../../operator/taskagent/schedule-status.ts';
import { agentVerdict } from '../../operator/taskagent/status.ts';

const now = Date.parse('2026-01-02T03:04:05Z');

function agent(spec: object, conditions: readonly Condition[] = []): TaskAgent {
  return {
    metadata: { namespace: 'd', name: 'a', uid: 'u', generation: 7 },
    spec: { workerPoolRef: 'p', template: { spec: { image: 'x/y:1' } }, ...spec },
    status: { conditions },
  } as unknown as TaskAgent;
}

const streaming = { enabled: false };

function statusOf(object: TaskAgent): { readonly conditions: readonly Condition[] } {
  const verdict = agentVerdict({
    agent: object,
    poolExists: true,
    gateways: new Map(),
    revisions: [],
    workers: [],
    envProblem: undefined,
    fault: undefined,
    programmed: () => false,
    schedule: scheduleVerdict({ agent: object, mark: undefined, hasIngress: true, agentsBeside: 1, now }),
    now,
  });
  return withEnforcement({ kind: 'TaskAgent' }, object, verdict.status, now) as never;
}

test('a field that nobody carries out is named in a condition of its generation', () => {
  const status = statusOf(agent({ streaming }));
  const enforced = status.conditions.find(({ type }) => type === 'Enforced');
  expect(enforced).toMatchObject({ status: 'False', reason: 'NotEnforced', observedGeneration: 7 });
  expect(enforced?.message).toContain('spec.streaming.enabled: ');
});

test('every field is named; an agent without one has no such condition', () => {
  const [enforced] = statusOf(agent({ streaming, state: { backend: 'redis' } })).conditions.filter(
    ({ type }) => type === 'Enforced',
  );
  expect(enforced?.message).toMatch(/spec\.state\.backend: .*; spec\.streaming\.enabled: /);
  expect(statusOf(agent({})).conditions.map(({ type }) => type)).not.toContain('Enforced');
});

test('its time moves only when it comes', () => {
  const before: Condition = {
    type: 'Enforced',
    status: 'False',
    reason: 'NotEnforced',
    message: 'other',
    lastTransitionTime: '2020-01-01T00:00:00Z',
  };
  const [enforced] = statusOf(agent({ streaming }, [before])).conditions.filter(
    ({ type }) => type === 'Enforced',
  );
  expect(enforced?.lastTransitionTime).toBe(before.lastTransitionTime);
});
