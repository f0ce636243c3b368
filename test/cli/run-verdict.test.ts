import { describe, expect, test } from 'vitest';
import { exitCodeOf } from '../../cli/exit-code.ts';
import { cutOff, judgeAnswer, judgeInvocation, type Answer, type Verdict } from '../../cli/run-verdict.ts';
import { invocationFixture } from './invocation-fixture.ts';

const whole: Answer = { status: 200, errorCode: '', exitCode: '', complete: true, message: '' };

function codeOf(verdict: Verdict): number | string {
  return verdict.status === 'failed' ? exitCodeOf(verdict.error) : verdict.status;
}

describe('judgeAnswer', () => {
  test.each<[string, Partial<Answer>, number | string]>([
    ['a whole answer whose trailer says 0', { exitCode: '0' }, 'ok'],
    ['a whole answer that says nothing', {}, 'unknown'],
    ['an answer cut off', { complete: false }, 'unknown'],
    ['cut off, though 0 was announced', { complete: false, exitCode: '0' }, 'unknown'],
    ['a trailer with another exit code', { exitCode: '3' }, 6],
    ['500: the agent failed', { status: 500, exitCode: '3' }, 6],
    ['502', { status: 502 }, 6],
    ['504: it ran out of time', { status: 504 }, 5],
    ['429: too many at once', { status: 429 }, 6],
    ['503: no worker', { status: 503 }, 6],
    ['404: no such agent', { status: 404 }, 3],
    ['403: the API server said no', { status: 403 }, 4],
    ['401', { status: 401 }, 4],
  ])('%s', (_, part, expected) => {
    expect(codeOf(judgeAnswer({ ...whole, ...part }, { name: 'hello', namespace: 'team' }))).toBe(expected);
  });

  test('the message and the advice of the process that refused are shown', () => {
    const message = JSON.stringify({
      code: 'NO_READY_WORKER',
      message: 'no ready worker',
      hint: 'Scale the pool.',
    });
    expect(
      judgeAnswer({ ...whole, status: 503, message }, { name: 'hello', namespace: 'team' }),
    ).toMatchObject({
      error: { message: 'hello: no ready worker', hint: 'Scale the pool.' },
    });
    expect(
      judgeAnswer(
        { ...whole, status: 500, exitCode: '3', message: 'boom' },
        { name: 'hello', namespace: 'team' },
      ),
    ).toMatchObject({
      error: { message: 'hello: boom, exit code 3' },
    });
    expect(judgeAnswer({ ...whole, status: 500 }, { name: 'hello', namespace: 'team' })).toMatchObject({
      error: { message: 'hello: HTTP 500' },
    });
  });
});

describe('judgeInvocation', () => {
  test.each([
    ['Succeeded', 'ok'],
    ['Failed', 6],
    ['Timeout', 5],
    ['Rejected', 6],
    ['Running', 'unknown'],
    ['Pending', 'unknown'],
  ] as const)('%s: %s', (phase, expected) => {
    expect(codeOf(judgeInvocation(invocationFixture({ phase })))).toBe(expected);
  });

  test('no record yet', () => {
    expect(judgeInvocation(undefined)).toEqual({ status: 'unknown' });
    expect(exitCodeOf(cutOff('x', 'team'))).toBe(6);
  });
});
