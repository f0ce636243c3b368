import { describe, expect, test } from 'vitest';
import { renderInvocationRows } from '../../../cli/render/invocation-row.ts';
import { invocationFixture } from '../invocation-fixture.ts';

const now = new Date('2026-11-23T10:01:00Z');
const done = invocationFixture({
  phase: 'Succeeded',
  httpStatus: 200,
  exitCode: 0,
  totalMs: 1_240,
  revision: 'hello-00001',
  worker: 'w-1',
  traceId: 'abc',
});

describe('renderInvocationRows', () => {
  test('a finished invocation', () => {
    expect(renderInvocationRows([done], { now }).split('\n')).toEqual([
      'NAME                                   AGENT             TRIGGER   PHASE       STATUS   EXIT   DURATION   AGE',
      '3f0c2a52-0b7e-4a3c-9a52-5f2e8f0b9c11   taskagent/hello   HTTP      Succeeded   200      0      1.24 s     60s',
    ]);
  });

  test('one that runs has no end yet', () => {
    const text = renderInvocationRows([invocationFixture({ phase: 'Running' })], { now, headers: false });
    expect(text).toMatch(/Running {3}<none> {3}<none> {3}<pending> {3}60s$/);
  });

  test('-A puts the namespace first, -o wide adds where it ran', () => {
    const [header = ''] = renderInvocationRows([done], { now, allNamespaces: true, wide: true }).split('\n');
    expect(header.split(/ +/)).toEqual(
      'NAMESPACE NAME AGENT TRIGGER PHASE STATUS EXIT DURATION REVISION WORKER TRACE CALLER REASON AGE'.split(
        ' ',
      ),
    );
  });

  test('-o wide says who called, and what of it nobody vouches for', () => {
    const caller = [
      { field: 'user', source: 'Header' as const, value: 'alice', verified: false },
      { field: 'tenant', source: 'JWT' as const, value: 'acme', verified: true },
      { field: 'team', source: 'Body' as const, verified: false, problem: 'NotRead' },
    ];
    const called = { ...done, spec: { ...done.spec, identity: { audiences: [], caller } } };
    const text = renderInvocationRows([called], { now, wide: true });
    expect(text).toContain('user=alice, tenant=acme (verified), team=unknown (NotRead)');
  });
});
