/** One question of a gateway has everything that waits, whatever agents wrote, and is read. */
import { describe, expect, test } from 'vitest';
import { approvalBounds, type ApprovalAsk } from '../../../contract/index.ts';
import { showText } from '../../../decision/index.ts';
import { Approvals, type Parked } from '../../../egress/approval/approvals.ts';
import { endedThatFit } from '../../../egress/approval/report.ts';
import { StandInOperator } from './stand-in-operator.ts';

describe('S54: what is told in one question', () => {
  // Every character takes six bytes as JSON.
  const worst = (max: number): string => showText('\u0001'.repeat(max), max).text;
  const place = { method: 'tools/call', host: 'h'.repeat(253), port: 443 };
  const { shown } = approvalBounds;
  const call = {
    ...{ ...place, tool: worst(256), model: worst(200), path: worst(shown), query: worst(shown) },
    arguments: worst(shown),
  };
  const { parked: most } = approvalBounds;

  function open() {
    const operator = new StandInOperator();
    const ended: string[] = [];
    let [now, ids] = [1_000, 0];
    const randomId = (): string => String((ids += 1)).padStart(16, '0');
    const approvals = new Approvals({ link: operator, now: () => now, randomId });
    const tick = async (): Promise<void> => {
      now += 1_000;
      approvals.tick();
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    };
    const park = (at: number, change: object = {}): Parked => parkOn(approvals, ended, at, change);
    return { operator, ended, approvals, tick, park };
  }

  const parkOn = (approvals: Approvals, ended: string[], at: number, change: object): Parked =>
    approvals.park(
      {
        ...{ agent: { kind: 'TaskAgent', namespace: 'n'.repeat(63), name: 'a'.repeat(253) } },
        ...{ agentId: String(at), agentUid: 'u'.repeat(36), invocation: 'i'.repeat(36), until: 1e6 },
        ask: {
          ...{ key: 'k'.repeat(64), call: { ...call, ...change }, message: undefined },
          route: { kind: 'EgressHTTPRoute', namespace: 'n'.repeat(63), name: 'r'.repeat(253) },
        },
      },
      ({ kind }) => ended.push(kind),
    );

  test('is never more than is read of it, and what ended is told when there is room', async () => {
    const { operator, ended, approvals, tick, park } = open();
    for (let round = 0; round < 3; round += 1) {
      const parked = Array.from({ length: most }, (_, at) => park(at));
      await tick();
      if (round < 2) for (const each of parked) each.leave();
    }
    for (let turn = 0; turn < 10; turn += 1) await tick();
    expect([ended, approvals.parked]).toEqual([[], most]);
    const sizes = operator.reports.map((report) => Buffer.byteLength(JSON.stringify(report)));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(approvalBounds.reportBytes);
    const told = operator.reports.flatMap(({ asks }) => asks.filter(({ state }) => state === 'gone'));
    expect(new Set(told.map(({ id }) => id)).size).toBeGreaterThanOrEqual(most);
    expect(told.every((each) => each.call.arguments === undefined)).toBe(true);
  });

  test('whose names alone are too long is refused, and takes no place', () => {
    const { ended, approvals, park } = open();
    park(0, { tool: 'x'.repeat(approvalBounds.askBytes) });
    expect([ended, approvals.parked]).toEqual([['unavailable'], 0]);
  });

  test('has as much of what ended as fits', () => {
    const large = { id: 'x'.repeat(approvalBounds.askBytes - 10) } as ApprovalAsk;
    const waiting = Array.from({ length: 64 }, () => large);
    expect(
      endedThatFit(
        waiting,
        Array.from({ length: 64 }, () => large),
      ),
    ).toBe(5);
    expect(endedThatFit(waiting, [large])).toBe(1);
  });
});
