import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { approvalBounds } from '../../../contract/index.ts';
import { Approvals, type Parked, type ParkOutcome } from '../../../egress/approval/approvals.ts';
import { StandInOperator } from './stand-in-operator.ts';

const { waitMs, parked: most, parkedOfAgent } = approvalBounds;

class Bed {
  readonly operator = new StandInOperator();
  now = 1_000;
  #ids = 0;
  readonly approvals = new Approvals({
    link: this.operator,
    now: () => this.now,
    randomId: () => String((this.#ids += 1)).padStart(16, '0'),
  });
  readonly outcomes: string[] = [];

  park(tool = 'send', { agent = 'a', invocation = 'i' } = {}, onEnd?: () => void): Parked {
    const place = { method: 'tools/call', host: 'h', port: 443, tool };
    const route = { kind: 'MCPRoute', namespace: 'n', name: 'r' };
    const ask = { key: tool.padEnd(64, '0'), route, call: place, message: undefined };
    return this.approvals.park(
      {
        ...{ agent: { kind: 'TaskAgent', namespace: 'n', name: agent }, agentId: `TaskAgent/n/${agent}` },
        ...{ agentUid: agent, invocation, ask, until: this.now + waitMs },
      },
      (outcome) => {
        this.outcomes.push(render(outcome));
        onEnd?.();
      },
    );
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  }

  async tick(ms = 1_000): Promise<void> {
    this.now += ms;
    this.approvals.tick();
    await this.settle();
  }
}

function render(outcome: ParkOutcome): string {
  return outcome.kind === 'decided' ? `${outcome.word.answer} by ${outcome.word.by}` : outcome.kind;
}

describe('a call that waits', () => {
  test('is asked about at once, again each second, and goes on when a person allowed it', async () => {
    const bed = new Bed();
    bed.park();
    await bed.settle();
    expect(bed.operator.reports).toHaveLength(1);
    await bed.tick();
    expect([bed.operator.reports.length, bed.approvals.parked, bed.outcomes]).toEqual([2, 1, []]);
    bed.operator.say('send');
    await bed.tick();
    expect(bed.outcomes).toEqual(['Allow by jane']);
    await bed.tick();
    expect(bed.operator.last).toEqual(['1 went']);
    await bed.tick();
    expect(bed.operator.reports).toHaveLength(4);
  });

  test('is over when its time is, and a word that comes later changes nothing', async () => {
    const bed = new Bed();
    bed.park();
    for (let waited = 0; waited < waitMs; waited += 30_000) await bed.tick(30_000);
    expect(bed.outcomes).toEqual(['timeout']);
    bed.operator.say('send');
    await bed.tick();
    expect(bed.outcomes).toEqual(['timeout']);
    expect(bed.operator.last).toEqual(['1 refused']);
  });

  test('is over when its agent goes, and the operator hears of it', async () => {
    const bed = new Bed();
    const parked = bed.park();
    parked.leave();
    parked.leave();
    await bed.tick();
    expect([bed.outcomes, bed.operator.last, bed.approvals.parked]).toEqual([[], ['1 gone'], 0]);
  });

  test('is refused where nobody will be asked, and after a minute in which nobody answers', async () => {
    const refused = new Bed();
    refused.operator.words.set('send', (id) => ({ id, kind: 'refused', why: 'no such agent' }));
    refused.park();
    await refused.settle();
    expect(refused.outcomes).toEqual(['unavailable']);

    const alone = new Bed();
    alone.operator.isAway = true;
    alone.park();
    await alone.tick(59_000);
    expect(alone.outcomes).toEqual([]);
    await alone.tick(1_000);
    expect(alone.outcomes).toEqual(['unavailable']);
  });

  test('is refused when the gateway ends, and none waits after that', async () => {
    const bed = new Bed();
    bed.park();
    bed.approvals.close();
    bed.park();
    await bed.settle();
    expect([bed.outcomes, bed.approvals.parked]).toEqual([['unavailable', 'unavailable'], 0]);
  });
});

describe('S54: how many wait', () => {
  test('of one agent, and of all', async () => {
    const bed = new Bed();
    for (let count = 0; count <= parkedOfAgent; count += 1) bed.park();
    expect(bed.outcomes).toEqual(['full']);
    for (let count = parkedOfAgent; count <= most; count += 1) bed.park('send', { agent: `b${count}` });
    expect([bed.outcomes, bed.approvals.parked]).toEqual([['full', 'full'], most]);
    await bed.settle();
  });
});

test('S54: who leaves after the end frees nobody else’s place', async () => {
  const bed = new Bed();
  bed.operator.say('first');
  const first = bed.park('first');
  await bed.settle();
  for (let count = 0; count < parkedOfAgent; count += 1) bed.park();
  first.leave();
  bed.park();
  expect(bed.outcomes).toEqual(['Allow by jane', 'full']);
});

describe('an answer that lasts', () => {
  const lasting = { scope: 'Agent', leftMs: 3_600_000 } as const;

  test('lets the next calls through without asking, for as long as it is believed', async () => {
    const bed = new Bed();
    bed.operator.say('send', lasting);
    bed.park();
    await bed.tick();
    await bed.tick();
    const asked = bed.operator.reports.length;
    bed.park('send', { invocation: 'j' });
    expect([bed.outcomes.length, bed.operator.reports.length]).toEqual([2, asked]);
    bed.park('other');
    bed.park('send', { agent: 'b' });
    expect(bed.outcomes).toHaveLength(2);
    bed.now += 30_000;
    bed.park();
    await bed.settle();
    expect(bed.operator.reports.length).toBeGreaterThan(asked);
  });

  test('taken back, it is forgotten when it is asked for again', async () => {
    const bed = new Bed();
    bed.operator.say('send', lasting);
    bed.park();
    await bed.tick();
    bed.operator.words.clear();
    bed.now += 30_000;
    bed.park();
    await bed.settle();
    bed.operator.isAway = true;
    await bed.tick();
    expect([bed.outcomes, bed.approvals.parked]).toEqual([['Allow by jane'], 1]);
  });

  test('while nobody can be asked it holds for minutes, never beyond its end', async () => {
    const bed = new Bed();
    bed.operator.say('send', { ...lasting, leftMs: 120_000 });
    bed.park();
    await bed.tick();
    bed.operator.isAway = true;
    await bed.tick(60_000);
    bed.park();
    await bed.settle();
    expect(bed.outcomes).toEqual(['Allow by jane', 'Allow by jane']);
    await bed.tick(60_000);
    bed.park();
    await bed.settle();
    expect([bed.outcomes.length, bed.approvals.parked]).toEqual([2, 1]);
  });

  test('of an invocation it is not about another; a denial wins', async () => {
    const bed = new Bed();
    bed.operator.say('send', { scope: 'Invocation', leftMs: 60_000 });
    bed.park();
    await bed.settle();
    bed.operator.words.clear();
    bed.park('send', { invocation: 'j' });
    await bed.settle();
    expect(bed.outcomes).toHaveLength(1);
    bed.operator.say('send', { ...lasting, answer: 'Deny', by: 'joe' });
    await bed.tick();
    bed.park();
    expect(bed.outcomes).toEqual(['Allow by jane', 'Deny by joe', 'Deny by joe']);
  });
});

type Step = 'park' | 'leave' | 'allow' | 'deny' | 'silence' | 'away' | 'back' | 'tick' | 'wait';

test('property: every parked call ends exactly once, in its time, and the counts go back to zero', async () => {
  const step = fc.constantFrom<Step[]>(
    ...([
      'park',
      'park',
      'park',
      'leave',
      'allow',
      'deny',
      'silence',
      'away',
      'back',
      'tick',
      'wait',
    ] as const),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(step, fc.nat(3)), { maxLength: 60 }), async (steps) => {
      const bed = new Bed();
      const ends: number[] = [];
      const calls: Parked[] = [];
      const left = new Set<number>();
      for (const [what, which] of steps) {
        const agent = `a${which}`;
        if (what === 'park') {
          const at = calls.length;
          ends.push(0);
          const parked = bed.park('send', { agent }, () => (ends[at] = (ends[at] ?? 0) + 1));
          calls.push(parked);
        } else if (what === 'leave') {
          const at = which % Math.max(1, calls.length);
          if (calls[at] !== undefined && ends[at] === 0) left.add(at);
          calls[at]?.leave();
        } else if (what === 'allow') bed.operator.say('send', { scope: 'Agent', leftMs: 5_000 });
        else if (what === 'deny') bed.operator.say('send', { answer: 'Deny' });
        else if (what === 'silence') bed.operator.words.clear();
        else if (what === 'away' || what === 'back') bed.operator.isAway = what === 'away';
        else await bed.tick(what === 'tick' ? 1_000 : 20_000);
        if (which === 0) await bed.settle();
        expect(bed.approvals.parked).toBeLessThanOrEqual(most);
      }
      bed.operator.words.clear();
      for (let waited = 0; waited <= waitMs; waited += 10_000) await bed.tick(10_000);
      expect(bed.approvals.parked).toBe(0);
      ends.forEach((count, at) => expect(count + (left.has(at) ? 1 : 0)).toBe(1));
      // The shares are whole again.
      const before = bed.outcomes.length;
      for (let count = 0; count < parkedOfAgent; count += 1) bed.park('fresh', { agent: 'a0' });
      expect(bed.outcomes.slice(before)).toEqual([]);
    }),
    { numRuns: 150 },
  );
});
