/** What a status says of a schedule: who fires it, when it did, when it will. */
import { describe, expect, test } from 'vitest';
import type { ScheduleMark } from '../../contract/index.ts';
import type { ReadMark } from '../../operator/data-plane-status.ts';
import type { TaskAgent } from '../../operator/kind.ts';
import { scheduleVerdict, type ScheduleVerdict } from '../../operator/taskagent/schedule-status.ts';

const noon = Date.parse('2026-11-27T12:00:00Z');
const now = noon + 10_000;

function agent(schedule: string | undefined, status: object = {}): TaskAgent {
  const metadata = { namespace: 'd', name: 'a', uid: 'u', creationTimestamp: '2026-11-27T11:58:30Z' };
  return { metadata, spec: { schedule }, status } as unknown as TaskAgent;
}

const mark = (more: Partial<ScheduleMark> = {}): ScheduleMark => ({
  ...{ version: 1, due: noon, schedule: '* * * * *', invocation: 'i-1' },
  ...more,
});

function verdict(object: TaskAgent, read?: ReadMark, hasIngress = true): ScheduleVerdict {
  return scheduleVerdict({ agent: object, mark: read, hasIngress, agentsBeside: 1, now });
}

const minutely = agent('* * * * *');
const succeeded = { succeeded: true };

describe('the condition Scheduled', () => {
  test.each<[string, ScheduleVerdict, string, string]>([
    ['no schedule', verdict(agent(undefined)), 'False', 'NotScheduled'],
    ['no ingress', verdict(minutely, undefined, false), 'False', 'IngressNotReady'],
    ['none', verdict(agent('61 * * * *')), 'False', 'ParseError'],
    ['never', verdict(agent('0 0 31 2 *')), 'False', 'ParseError'],
    ['not fired yet', verdict(minutely), 'True', 'ScheduleRegistered'],
    ['running', verdict(minutely, mark()), 'True', 'ScheduleRegistered'],
    ['succeeded', verdict(minutely, mark({ result: succeeded })), 'True', 'ScheduleRegistered'],
    [
      'failed',
      verdict(minutely, mark({ result: { succeeded: false, code: 'X' } })),
      'False',
      'LastFireFailed',
    ],
    [
      'of an earlier schedule',
      verdict(minutely, mark({ schedule: '@daily', due: 0 })),
      'True',
      'ScheduleRegistered',
    ],
    ['two minutes ago', verdict(minutely, mark({ due: noon - 120_000 })), 'True', 'ScheduleRegistered'],
    ['three minutes ago', verdict(minutely, mark({ due: noon - 180_000 })), 'False', 'LastFireMissed'],
  ])('%s', (_name, { finding }, status, reason) => {
    expect(finding).toMatchObject({ type: 'Scheduled', status, reason });
  });

  test('names what failed and its record', () => {
    const { finding } = verdict(minutely, mark({ result: { succeeded: false, code: 'AT_MAX_CONCURRENT' } }));
    expect(finding.message).toBe('2026-11-27T12:00:00Z failed: AT_MAX_CONCURRENT; see invocation i-1');
  });

  test('stays while the marks cannot be read', () => {
    const before = { type: 'Scheduled', status: 'False', reason: 'LastFireFailed', message: 'm' };
    const condition = (more: object) => ({ ...before, lastTransitionTime: '2026-11-27T11:00:00Z', ...more });
    const object = (more: object) => agent('* * * * *', { conditions: [condition(more)] });
    expect(verdict(object({}), 'unknown').finding).toMatchObject(before);
    // Of what is known to be otherwise now nothing is kept.
    expect(verdict(object({ reason: 'NotScheduled' }), 'unknown').finding.status).toBe('True');
    expect(verdict(minutely, 'unknown').finding.status).toBe('True');
  });
});

describe('the times', () => {
  test.each<[string, ScheduleVerdict, object]>([
    [
      'of a fire',
      verdict(minutely, mark()),
      { lastScheduleTime: '2026-11-27T12:00:00Z', nextScheduleTime: '2026-11-27T12:01:00Z' },
    ],
    ['before the first', verdict(minutely), { nextScheduleTime: '2026-11-27T12:01:00Z' }],
    ['of a period', verdict(agent('@every 1m')), { nextScheduleTime: '2026-11-27T12:00:30Z' }],
    ['of a zone', verdict(agent('TZ=Asia/Tokyo @daily')), { nextScheduleTime: '2026-11-27T15:00:00Z' }],
    ['of no schedule', verdict(agent(undefined, { lastScheduleTime: '2026-11-27T11:00:00Z' })), {}],
    ['without an ingress', verdict(minutely, mark(), false), { lastScheduleTime: '2026-11-27T12:00:00Z' }],
  ])('%s', (_name, { times }, expected) => expect(times).toEqual(expected));

  test.each<[string, ReadMark]>([
    ['gone', undefined],
    ['not to be read', 'unknown'],
  ])('of a mark that is %s are what they were', (_name, read) => {
    const object = agent('@yearly', { lastScheduleTime: '2026-01-01T00:00:00Z' });
    expect(verdict(object, read).times.lastScheduleTime).toBe('2026-01-01T00:00:00Z');
  });
});

test('it is looked at again after the next time, and the more agents a namespace has, the more seldom', () => {
  const look = (schedule: string, agentsBeside: number) =>
    scheduleVerdict({ agent: agent(schedule), mark: undefined, hasIngress: true, agentsBeside, now })
      .requeueAfterMs;
  expect(look('* * * * *', 1)).toBe(53_000);
  expect(look('@every 1s', 1)).toBe(10_000);
  expect(look('@every 1s', 5_000)).toBe(100_000);
  expect(look('@yearly', 1)).toBe(24 * 60 * 60_000);
});
