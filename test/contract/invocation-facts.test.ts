/** One story of an invocation, whoever tells the next part of it. */
import { Value } from 'typebox/value';
import { describe, expect, test } from 'vitest';
import {
  boundedTimeoutMs,
  composeInvocation,
  invocationSchema,
  parseFactHeaders,
  renderFactHeaders,
  type InvocationFacts,
  type InvocationStatus,
  type Trigger,
} from '../../contract/index.ts';

const createdAt = Date.UTC(2026, 0, 1);
const facts: InvocationFacts = {
  id: '3f0c2a52-0b7e-4a3c-9a52-5f2e8f0b9c11',
  agent: { kind: 'TaskAgent', namespace: 'shop', name: 'hello', uid: 'u1' },
  trigger: { type: 'HTTP', source: 'ingress' },
  createdAt,
  timeoutMs: 60_000,
  traceId: 'a'.repeat(32),
};

describe('an invocation', () => {
  test.each<[string, InvocationStatus, object]>([
    ['dispatched', { phase: 'Dispatched', revision: 'r' }, { phase: 'Dispatched', revision: 'r' }],
    [
      'ended',
      { phase: 'Succeeded', completedAt: createdAt + 5 },
      { completionTime: '2026-01-01T00:00:00.005Z' },
    ],
    [
      'ended before it began, by another clock',
      { phase: 'Failed', completedAt: createdAt - 90_000, reason: 'NonZeroExit' },
      { completionTime: '2026-01-01T00:00:00.000Z', reason: 'NonZeroExit' },
    ],
  ])('%s', (_name, status, expected) => {
    const composed = composeInvocation(facts, status);
    expect(Value.Check(invocationSchema, composed)).toBe(true);
    expect(composed.status).toMatchObject({
      startTime: '2026-01-01T00:00:00.000Z',
      deadline: '2026-01-01T00:01:00.000Z',
      traceId: facts.traceId,
      ...expected,
    });
    expect(composed.metadata.creationTimestamp).toBe('2026-01-01T00:00:00.000Z');
    expect('completedAt' in composed.status).toBe(false);
  });

  test('is of the kind its agent is', () => {
    const agent = { ...facts.agent, kind: 'DaemonAgent' } as const;
    expect(composeInvocation({ ...facts, agent }, { phase: 'Running' }).spec.parentRef.kind).toBe(
      'DaemonAgent',
    );
  });

  test.each<Trigger>([
    { type: 'HTTP', source: 'ingress' },
    { type: 'Cron', source: '*/5 * * * *' },
    { type: 'Cron', source: 'CRON_TZ=Europe/Berlin @daily “\n”' },
    { type: 'CLI', source: '' },
  ])('set off by $type $source is so at the worker too, and began when the ingress says', (trigger) => {
    const headers = renderFactHeaders({ ...facts, trigger });
    for (const value of Object.values(headers)) expect(value).toMatch(/^[\x21-\x7e]*$/);
    const read = (name: string) => headers[name];
    expect(parseFactHeaders(read, createdAt + 9_999)).toEqual({ trigger, createdAt });
  });

  test.each([
    [{}, { trigger: { type: 'HTTP', source: '' }, createdAt: 7 }],
    [
      { 'x-clrk-trigger': 'other', 'x-clrk-trigger-source': '%E0', 'x-clrk-created-at': 'then' },
      { createdAt: 7 },
    ],
  ])('of whom nothing readable is said was taken here: %j', (headers, expected) => {
    const read = (name: string) => (headers as Record<string, string>)[name];
    expect(parseFactHeaders(read, 7)).toMatchObject({ trigger: { type: 'HTTP', source: '' }, ...expected });
  });

  test.each([
    [1_000, 1_000],
    [600_000, 300_000],
  ])('that may take %d ms is given %d', (timeoutMs, expected) => {
    expect(boundedTimeoutMs({ timeoutMs })).toBe(expected);
  });
});
