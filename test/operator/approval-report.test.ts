/** What a gateway says is a tenant's: nothing of it stands in the way of its other asks, or of other tenants. */
import type { NatsConnection } from 'nats';
import { describe, expect, test } from 'vitest';
import { approvalBounds, type ApprovalAsk } from '../../contract/index.ts';
import { Asks } from '../../operator/approval/asks.ts';
import { answerReport } from '../../operator/approval/report.ts';
import { answerGateways, type AnswerReport } from '../../operator/nats-approvals.ts';
import { TestWorld } from './compiled-world.ts';
import { agent, gateway, manifest } from './manifest.ts';

const objects = [gateway, agent(), manifest('MCPRoute', 'tools', { parentRefs: [{ name: 'g' }] })].map(
  (object) => ({ ...object, metadata: { ...object.metadata, uid: 'u' } }),
);
const { world } = new TestWorld(objects);
const asker = { namespace: 'default', gateway: 'g' };
const ask = (digit: string, change: object = {}): ApprovalAsk => ({
  id: digit.repeat(16),
  state: 'waiting',
  agent: { kind: 'TaskAgent', namespace: 'default', name: 'hello', uid: 'u' },
  invocation: 'i',
  route: { kind: 'MCPRoute', namespace: 'default', name: 'tools' },
  key: 'a'.repeat(64),
  call: { method: 'tools/call', host: 'a.example', port: 443 },
  leftMs: 1_000,
  ...change,
});
const report = (...asks: object[]): string => JSON.stringify({ version: 1, asks });

function answered(text: string, asks = new Asks(() => 0)) {
  const news: string[] = [];
  const reply = answerReport({ world, asks, now: 0 }, asker, text, (key) => news.push(key));
  return { reply, news };
}

test.each(['constructor', '__proto__', 'toString'])('a route of kind %s is gone', (kind) => {
  const route = { kind, namespace: 'default', name: 'tools' };
  expect(answered(report(ask('1', { route }), ask('2')))).toEqual({
    reply: {
      version: 1,
      words: [{ id: '1'.repeat(16), kind: 'refused', why: 'the route that asks for approval is gone' }],
    },
    news: [`default/ask-${'2'.repeat(16)}`],
  });
});

test('an ask that is none is refused, and the others go on', () => {
  const call = { method: 'M'.repeat(40), host: 'a.example', port: 443 };
  expect(answered(report(ask('1', { call }), { id: 7 }, ask('2')))).toEqual({
    reply: {
      version: 1,
      words: [{ id: '1'.repeat(16), kind: 'refused', why: 'the platform cannot read what is asked' }],
    },
    news: [`default/ask-${'2'.repeat(16)}`],
  });
  expect(answered('{').reply).toBe('malformed');
});

test('who asks too often is not read at all', () => {
  const asks = new Asks(() => 0);
  const replies = Array.from({ length: 51 }, () => answered('{', asks).reply);
  expect(replies.at(49)).toBe('malformed');
  expect(replies.at(50)).toBeUndefined();
});

describe('over NATS', () => {
  /** Hears one message; what was answered, refused and logged. */
  function hear(text: string, answer: AnswerReport): string[] {
    const done: string[] = [];
    const message = {
      subject: 'clrk.approvals.default.g',
      data: Buffer.from(text),
      string: () => text,
      respond: (reply: string) => done.push(`answered ${reply}`),
    };
    const subscribe = (_subject: string, { callback }: { callback: (e: null, m: object) => void }) =>
      callback(null, message);
    answerGateways({ subscribe } as unknown as NatsConnection, {
      answer,
      onRefused: (subject) => done.push(`refused ${subject}`),
      log: { error: () => done.push('logged') },
    });
    return done;
  }

  test('whatever is thrown ends there', () => {
    expect(
      hear('{}', () => {
        throw new Error('any');
      }),
    ).toEqual(['logged']);
  });

  test('what is too long is not read', () => {
    const reply: AnswerReport = () => ({ version: 1, words: [] });
    const refused = ['refused clrk.approvals.default.g'];
    expect(hear('x'.repeat(approvalBounds.reportBytes + 1), reply)).toEqual(refused);
    expect(hear('{', () => 'malformed')).toEqual(refused);
    expect(hear('{}', reply)).toEqual(['answered {"version":1,"words":[]}']);
    expect(hear('{}', () => undefined)).toEqual([]);
  });
});
