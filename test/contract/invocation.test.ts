import { randomUUID } from 'node:crypto';
import { Value } from 'typebox/value';
import { describe, expect, test } from 'vitest';
import {
  invocationMessageId,
  invocationSchema,
  invocationSubject,
  isAboutSubject,
  isInvocationId,
  isTerminal,
  phases,
  terminalPhases,
  type Invocation,
  type Phase,
} from '../../contract/invocation.ts';

function invocation(phase: Phase, name = 'hello', namespace = 'default'): Invocation {
  const id = '3f0c2a52-0b7e-4a3c-9a52-5f2e8f0b9c11';
  return {
    apiVersion: 'telemetry.clrk.apoxy.dev/v1alpha1',
    kind: 'Invocation',
    metadata: { name: id, uid: id, namespace, creationTimestamp: '2026-11-23T10:00:00Z' },
    spec: {
      parentRef: { kind: 'TaskAgent', name, uid: 'u' },
      trigger: { type: 'HTTP', source: 'ingress' },
      identity: { audiences: [] },
    },
    status: { phase },
  };
}

describe('invocation', () => {
  test('every terminal phase has one and the same message id, so that only the first is kept', () => {
    const ids = terminalPhases.map((phase) => invocationMessageId(invocation(phase)));
    expect(new Set(ids).size).toBe(1);
    const others = phases
      .filter((phase) => !isTerminal(phase))
      .map((phase) => invocationMessageId(invocation(phase)));
    expect(new Set([...ids, ...others]).size).toBe(1 + others.length);
  });

  test('S57: another tenant cannot take the message id of an event without the uid of its agent', () => {
    const mine = invocation('Succeeded');
    const parentRef = { ...mine.spec.parentRef, uid: 'other' };
    const other = { ...mine, spec: { ...mine.spec, parentRef } };
    expect(invocationMessageId(other)).not.toBe(invocationMessageId(mine));
  });

  test('a subject has exactly six tokens, dots in names or not, and says who speaks', () => {
    const subject = invocationSubject(invocation('Running'), { pool: 'main' });
    expect(subject).toBe('clrk.invocations.default.main.TaskAgent.hello');
    expect(invocationSubject(invocation('Running', 'a.b.c', 'n.s'), { pool: 'x.y' }).split('.')).toHaveLength(
      6,
    );
    expect(invocationSubject(invocation('Running'), { role: 'ingress' })).toContain('.default._ingress.');
  });

  test.each([
    ['clrk.invocations.default.main.TaskAgent.hello', true],
    ['clrk.invocations.default._ingress.TaskAgent.hello', true],
    ['clrk.invocations.default.TaskAgent.hello', true],
    ['clrk.invocations.other.main.TaskAgent.hello', false],
    ['clrk.invocations.default.main.TaskAgent.other', false],
    ['clrk.invocations.default.main.DaemonAgent.hello', false],
    ['clrk.invocations.default.main.x.TaskAgent.hello', false],
    ['clrk.invocations.default.hello', false],
    ['', false],
  ])('S57: an event of default/hello on %s is about its subject: %s', (subject, expected) => {
    expect(isAboutSubject(invocation('Running'), subject)).toBe(expected);
  });

  test('the schema takes every phase and refuses an unknown one', () => {
    for (const phase of phases) expect(Value.Check(invocationSchema, invocation(phase))).toBe(true);
    expect(Value.Check(invocationSchema, invocation('Finished' as Phase))).toBe(false);
  });

  test('a minted UUID is an invocation id', () => {
    for (let count = 0; count < 100; count += 1) expect(isInvocationId(randomUUID())).toBe(true);
  });

  test.each([
    '',
    '3F0C2A52-0B7E-4A3C-9A52-5F2E8F0B9C11',
    '3f0c2a520b7e4a3c9a525f2e8f0b9c11',
    '{3f0c2a52-0b7e-4a3c-9a52-5f2e8f0b9c11}',
    ' 3f0c2a52-0b7e-4a3c-9a52-5f2e8f0b9c11',
    '3f0c2a52-0b7e-4a3c-9a52-5f2e8f0b9c11\n',
    '3f0c2a52-0b7e-4a3c-9a52-5f2e8f0b9c11/../x',
    "3f0c2a52-0b7e-4a3c-9a52-5f2e8f0b9c1'",
  ])('S50: %j from a caller is not an invocation id', (text) => {
    expect(isInvocationId(text)).toBe(false);
  });
});
