/** What a gateway says is a tenant's: nothing of it stands in the way of its other asks, or of other tenants. */
import type { NatsConnection } from 'nats';
import { describe, expect, test } from 'vitest';
import { approvalBounds, type ApprovalAsk } from '../../contract/index.ts';
import { Asks } from '../../operator/approval/asks.ts';
import { answerReport } from '../../operator/approval/report.ts';
import { answerGateways, type AnswerReport } from '../../operator/nats-approvals.ts';
import type { KubeObject } from '../../operator/runtime/index.ts';
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

test('what no route opens is asked by the gateway itself, as long as it is to ask', () => {
  const rule = (name: string) => ({ route: { kind: 'EgressGateway', namespace: 'default', name } });
  const asks = (spec: object, name: string): string | undefined => {
    const asking = { ...gateway, spec: { ...(gateway as { spec?: object }).spec, ...spec } };
    const all = objects.map((each) =>
      each.kind === 'EgressGateway' ? { ...each, spec: asking.spec } : each,
    );
    const known = { world: new TestWorld(all).world, asks: new Asks(() => 0), now: 0 };
    const reply = answerReport(known, asker, report(ask('1', rule(name))), () => undefined);
    if (reply === undefined || reply === 'malformed') return reply;
    return reply.words.map((word) => word.kind).join();
  };
  expect(asks({ onUnlisted: 'Ask' }, 'g')).toBe('');
  expect(asks({ onUnlisted: 'Ask' }, 'other')).toBe('refused');
  expect(asks({}, 'g')).toBe('refused');
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

describe('S54: one agent, and all of a gateway', () => {
  const hex = (nth: number): string => nth.toString(16).padStart(16, '0');
  const two = ['hello', 'other'].map((name) => ({
    ...agent(),
    metadata: { ...agent().metadata, name, uid: `u-${name}` },
  }));
  const approval = (nth: number, uid: string, change: object = {}): KubeObject => {
    const { call, key, route } = ask('1');
    const request = {
      id: hex(nth),
      gateway: 'g',
      agent: { kind: 'TaskAgent', name: 'n', uid },
      key,
      call,
      route,
    };
    const made = manifest('Approval', `ask-${hex(nth)}`, {
      request: { ...request, invocation: 'i', expiresAt: '2030-01-01T00:00:00Z' },
    });
    return { ...made, ...change };
  };
  const gone = { status: { call: 'Gone', phase: 'Expired' } };
  const askOf = (nth: number, name = 'hello'): ApprovalAsk =>
    ask('1', { id: hex(nth), agent: { kind: 'TaskAgent', namespace: 'default', name, uid: `u-${name}` } });

  class Bed {
    now = 0;
    readonly asks = new Asks(() => this.now);
    readonly made: TestWorld;

    constructor(approvals: readonly KubeObject[] = []) {
      this.made = new TestWorld([
        ...objects.filter(({ kind }) => kind !== 'TaskAgent'),
        ...two,
        ...approvals,
      ]);
    }

    /** Which are refused, and why. */
    refused(...all: ApprovalAsk[]): string[] {
      const known = { world: this.made.world, asks: this.asks, now: 0 };
      const reply = answerReport(known, asker, report(...all), () => undefined);
      if (reply === undefined || reply === 'malformed') return ['no reply'];
      return reply.words.map((word) => (word.kind === 'refused' ? word.why : word.kind));
    }
  }

  const full = 'too many earlier calls wait for a decision';
  const often = 'people are asked too often already, by this agent or by all of its gateway';

  test('what waits takes a place of its agent, and of all; what is over takes none', () => {
    const waiting = Array.from({ length: 32 }, (_, nth) => approval(nth, 'u-hello'));
    expect(new Bed(waiting).refused(askOf(999), askOf(998, 'other'))).toEqual([full]);
    const over = Array.from({ length: 256 }, (_, nth) => approval(nth, 'u-hello', gone));
    expect(new Bed(over).refused(askOf(999), askOf(998, 'other'))).toEqual([]);
    const others = Array.from({ length: 256 }, (_, nth) => approval(nth, `u-${nth}`));
    expect(new Bed(others).refused(askOf(999))).toEqual([full]);
  });

  test('who asks and goes is asked about no more often than people can answer, and others are', () => {
    const bed = new Bed();
    const churn = Array.from({ length: 32 }, (_, nth) => askOf(nth));
    expect(bed.refused(...churn)).toEqual([]);
    expect(bed.refused(...churn)).toEqual([]);
    expect(bed.refused(askOf(40), askOf(41, 'other'))).toEqual([often]);
    bed.now += 4_000;
    expect(bed.refused(askOf(40), askOf(42))).toEqual([often]);
  });

  test('what one agent asks makes nothing of another’s forgotten', () => {
    const bed = new Bed();
    bed.refused(askOf(7, 'other'));
    bed.refused(...Array.from({ length: 32 }, (_, nth) => askOf(100 + nth)));
    for (let nth = 132; nth < 172; nth += 1) {
      bed.now += 4_000;
      expect(bed.refused(askOf(nth))).toEqual([]);
    }
    expect(bed.asks.get('default', `ask-${hex(7)}`)).toBeDefined();
    expect(bed.asks.get('default', `ask-${hex(100)}`)).toBeUndefined();
    expect(bed.asks.get('default', `ask-${hex(171)}`)).toBeDefined();
  });
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
