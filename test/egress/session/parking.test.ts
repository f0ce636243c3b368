/** An exchange while a person decides: nothing goes out before, it ends in every way there is, and the record says who. */
import { describe, expect, test } from 'vitest';
import { approvalBounds, type GatewayConfig } from '../../../contract/index.ts';
import { match } from '../../decision/http/http-policy.ts';
import { host, httpPolicy } from '../../decision/http/http-policy.ts';
import { createConfig } from '../gateway-config.ts';
import { StandInOperator } from '../approval/stand-in-operator.ts';
import { script, type Script } from './exchange-script.ts';
import { recorded, tick } from './parked-call.ts';

const ok = { status: 200, reason: 'OK', fields: [], bodyLength: undefined };
const config = (approval: boolean): GatewayConfig =>
  createConfig(
    '192.0.2.1',
    443,
    httpPolicy([
      {
        route: { namespace: 'default', name: 'web' },
        rules: [
          {
            matches: [match({ methods: ['POST'] })],
            unsupported: [],
            ...(approval ? { approval: true as const } : {}),
          },
        ],
      },
    ]),
  );

function talkTo(operator: StandInOperator, change: Parameters<typeof script>[0] = {}): Script {
  const talk = script({
    ...{ config: config(true), host, target: '/files/1?apiKey=k&x=1', approvals: operator, ...change },
  });
  talk.exchange.start();
  return talk;
}

test('nothing goes out before a person allowed it; then the whole body does, and the record says who', async () => {
  const operator = new StandInOperator();
  const talk = talkTo(operator);
  talk.exchange.data(Buffer.from('some '));
  await tick(talk);
  expect([talk.tries.length, talk.parked(), talk.told()]).toEqual([0, 1, ' ']);
  expect(operator.reports[0]?.asks[0]).toMatchObject({
    agent: { kind: 'TaskAgent', namespace: 'default', name: 'a', uid: 'u' },
    invocation: 'i',
    call: { method: 'POST', host, path: '/files/1', query: expect.not.stringContaining('k&') as string },
  });
  talk.exchange.data(Buffer.from('body'));
  talk.exchange.end([]);
  operator.say('/files/1', { reason: 'fine' });
  await tick(talk);
  await talk.settle();
  expect(Buffer.concat(talk.tries[0]?.sent ?? []).toString()).toBe('some body');
  expect(talk.tries[0]?.ended).toBe(true);
  talk.tries[0]?.reader.head(ok);
  talk.tries[0]?.reader.finished([]);
  expect(recorded(talk)).toMatchObject({
    'clrk.decision': 'allow',
    'clrk.approval.decision': 'allow',
    'clrk.approval.name': 'default/ask-1',
    'clrk.approval.user': 'jane',
    'clrk.approval.scope': 'Once',
    'clrk.approval.reason': 'fine',
    'clrk.approval.wait_ms': 2_000,
  });
});

describe('without a yes nothing goes out', () => {
  test('a person denied it', async () => {
    const operator = new StandInOperator();
    operator.say('/files/1', { answer: 'Deny', by: 'joe' });
    const talk = talkTo(operator);
    await tick(talk);
    expect(talk.told()).toMatch(/^403 .*APPROVAL_DENIED.*\| end$/);
    expect(talk.tries).toHaveLength(0);
    expect(recorded(talk)).toMatchObject({
      'clrk.decision': 'deny',
      'clrk.egress.deny_reason': 'approval',
      'clrk.approval.decision': 'deny',
      'clrk.approval.user': 'joe',
    });
  });

  test('nobody decided in time; silence of either side is no reason to end before', async () => {
    const talk = talkTo(new StandInOperator());
    for (let waited = 0; waited < approvalBounds.waitMs; waited += 30_000) {
      expect(talk.told()).toBe(' ');
      await tick(talk, 30_000);
    }
    expect(talk.told()).toMatch(/^403 .*APPROVAL_TIMEOUT/);
    expect(talk.tries).toHaveLength(0);
    expect(recorded(talk)).toMatchObject({ 'clrk.approval.decision': 'timeout' });
  });

  test('the agent went: its place is free, and a later yes sends nothing', async () => {
    const operator = new StandInOperator();
    const talk = talkTo(operator);
    await talk.settle();
    talk.exchange.aborted('AGENT_GONE');
    expect(talk.parked()).toBe(0);
    operator.say('/files/1');
    await tick(talk);
    expect([talk.tries.length, talk.told()]).toEqual([0, ' ']);
    expect(recorded(talk)).toMatchObject({ 'clrk.approval.decision': 'gone', 'error.type': 'AGENT_GONE' });
  });
});

describe('a new policy while it waits', () => {
  test('S36: what it denies is refused, and its place is free', async () => {
    const talk = talkTo(new StandInOperator());
    await talk.settle();
    talk.swap((before) => ({ ...before, destinations: { ...before.destinations, rules: [] } }));
    expect(talk.told()).toMatch(/^403 /);
    expect(talk.parked()).toBe(0);
  });

  test('where nobody need be asked any more it goes', async () => {
    const talk = talkTo(new StandInOperator());
    talk.exchange.end([]);
    await talk.settle();
    talk.swap(() => config(false));
    await talk.settle();
    expect([talk.tries.length, talk.parked()]).toEqual([1, 0]);
  });

  test('the same question stays one question', async () => {
    const operator = new StandInOperator();
    const talk = talkTo(operator);
    await talk.settle();
    talk.swap((before) => ({ ...before }));
    await tick(talk);
    expect([talk.parked(), operator.last]).toEqual([1, ['1 waiting']]);
  });

  test('S36: a call under way that would now need a person is cut', async () => {
    const talk = script({ config: config(false), host, target: '/files/1' });
    talk.exchange.start();
    await talk.settle();
    expect(talk.tries).toHaveLength(1);
    talk.swap(() => config(true));
    expect(talk.told()).toMatch(/POLICY_CHANGED/);
  });
});

test('a body larger than what may wait holds its agent back', async () => {
  const talk = talkTo(new StandInOperator());
  await talk.settle();
  expect(talk.exchange.data(Buffer.alloc(10_000))).toBe(true);
  expect(talk.exchange.data(Buffer.alloc(60_000))).toBe(false);
});
