/** A call to a place that no route opens: parked, sent as the agent wrote it once a person allowed it, and recorded with who did. */
import { expect, test } from 'vitest';
import { approvalBounds } from '../../../contract/index.ts';
import { StandInOperator } from '../approval/stand-in-operator.ts';
import { createConfig } from '../gateway-config.ts';
import { createField } from '../../../egress/http1/index.ts';
import { script, type Script } from './exchange-script.ts';
import { recorded, tick } from './parked-call.ts';

const host = 'files.example.com';
const base = createConfig('192.0.2.1', 443);
const config = {
  ...base,
  destinations: {
    ...base.destinations,
    ...{ defaultPolicy: 'deny-all' as const, asksUnlisted: true as const },
    rules: base.destinations.rules.slice(0, 1),
  },
};

function talkTo(operator: StandInOperator): Script {
  const fields = [createField('Authorization', 'Bearer mine')];
  const talk = script({ config, host, target: '/a', approvals: operator, fields });
  talk.exchange.start();
  talk.exchange.end([]);
  return talk;
}

test('S39: it waits, goes with the agent’s own key and none of ours, and the record says who allowed it', async () => {
  const operator = new StandInOperator();
  const talk = talkTo(operator);
  await tick(talk);
  expect([talk.tries.length, talk.parked()]).toEqual([0, 1]);
  expect(operator.reports[0]?.asks[0]).toMatchObject({
    route: { kind: 'EgressGateway', namespace: 'default', name: base.gateway.name },
    call: { method: 'POST', host, port: 443, path: '/a' },
  });
  operator.say('/a', { scope: 'Agent' });
  await tick(talk);
  await talk.settle();
  const { fields } = talk.tries[0]!.request;
  expect(fields.filter(({ name }) => /^authorization$/i.test(name)).map(({ value }) => value)).toEqual([
    'Bearer mine',
  ]);
  talk.tries[0]?.reader.head({ status: 200, reason: 'OK', fields: [], bodyLength: undefined });
  talk.tries[0]?.reader.finished([]);
  const record = recorded(talk);
  expect(record).toMatchObject({ 'clrk.approval.decision': 'allow', 'clrk.approval.user': 'jane' });
  expect(record).not.toHaveProperty('clrk.decision.route');
});

test('nobody answers: it is refused in time, and nothing went out', async () => {
  const talk = talkTo(new StandInOperator());
  await tick(talk);
  await tick(talk, approvalBounds.waitMs);
  expect(talk.told()).toMatch(/^403 .*APPROVAL_TIMEOUT/);
  expect(talk.tries).toHaveLength(0);
});

test('S36: a gateway that asks no more refuses what waits', async () => {
  const talk = talkTo(new StandInOperator());
  await tick(talk);
  talk.swap(({ destinations: { asksUnlisted: _none, ...destinations }, ...before }) => ({
    ...before,
    destinations,
  }));
  expect(talk.told()).toMatch(/^403 /);
  expect(talk.parked()).toBe(0);
});
