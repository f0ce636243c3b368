/** A body that was kept goes out as its upstream takes it, in order and whole, and what is held for it is given back when it is out. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RequestWay } from '../../../egress/session/request-way.ts';
import type { UpstreamStream } from '../../../egress/upstream/exchange-port.ts';

class Upstream implements UpstreamStream {
  readonly remoteAddress = '';
  readonly written: Buffer[] = [];
  ends = 0;
  /** Writes it takes before it is full; each `drain` allows one more. */
  room: number;

  constructor(room: number) {
    this.room = room;
  }

  write(bytes: Buffer): boolean {
    if (this.ends > 0) throw new Error('written after its end');
    this.written.push(bytes);
    this.room -= 1;
    return this.room > 0;
  }

  end(): void {
    this.ends += 1;
  }

  resume(): void {}
  abort(): void {}

  get text(): string {
    return Buffer.concat(this.written).toString();
  }
}

function open(readsAhead = false): { way: RequestWay; held: () => number } {
  let held = 0;
  const share = {
    take: (_agent: string, bytes: number) => {
      held += bytes;
      return true;
    },
    give: (_agent: string, bytes: number) => {
      held -= bytes;
    },
  };
  return { way: new RequestWay({ share, agentId: 'a', readsAhead }), held: () => held };
}

const piece = (index: number): Buffer => Buffer.from(`${index},`);

test('S54: a large body that was judged does not go out at once, but as the upstream takes it', () => {
  const { way } = open();
  for (let index = 0; index < 5; index += 1) way.body.holdToJudge(piece(index));
  way.end([]);
  const upstream = new Upstream(1);
  expect(way.open(upstream)).toBe(false);
  expect(upstream.text).toBe('0,');
  upstream.room = 2;
  way.drained();
  expect(upstream.text).toBe('0,1,2,');
  expect(upstream.ends).toBe(0);
  upstream.room = 9;
  way.drained();
  expect(upstream.text).toBe('0,1,2,3,4,');
  expect(upstream.ends).toBe(1);
});

test('S54: an answer before the body is out does not give back what is still held', () => {
  const { way, held } = open();
  for (let index = 0; index < 3; index += 1) way.body.holdToJudge(piece(index));
  const upstream = new Upstream(1);
  way.open(upstream);
  way.answered();
  expect(held()).toBe(6);
  upstream.room = 9;
  way.drained();
  expect(upstream.text).toBe('0,1,2,');
  expect(held()).toBe(0);
});

test('another attempt begins at the beginning', () => {
  const { way } = open();
  for (let index = 0; index < 3; index += 1) way.body.holdToJudge(piece(index));
  way.end([]);
  way.open(new Upstream(1));
  way.close();
  const second = new Upstream(9);
  way.open(second);
  expect([second.text, second.ends]).toEqual(['0,1,2,', 1]);
});

type Step = 'push' | 'drain' | 'end' | 'answered';

test('property: whatever comes in which order, the body is sent whole, once and in order', () => {
  const steps = fc.array(fc.constantFrom<Step>('push', 'push', 'drain', 'drain', 'end', 'answered'), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(fc.nat(6), fc.nat(3), fc.boolean(), steps, (kept, room, readsAhead, script) => {
      const { way, held } = open(readsAhead);
      let count = 0;
      let isAnswered = false;
      for (; count < kept; count += 1) way.body.holdToJudge(piece(count));
      const upstream = new Upstream(room);
      let mayPush = way.open(upstream);
      for (const step of [...script, 'end'] as const) {
        if (step === 'push' && mayPush && !way.ended) {
          mayPush = way.push(piece(count), !isAnswered);
          count += 1;
        } else if (step === 'drain') {
          upstream.room = Math.max(1, room);
          mayPush = way.drained();
        } else if (step === 'answered') {
          isAnswered = true;
          way.answered();
        } else if (step === 'end' && !way.ended) way.end([]);
      }
      for (let drains = 0; drains <= count; drains += 1) {
        upstream.room = 1;
        way.drained();
      }
      expect(upstream.text).toBe(Array.from({ length: count }, (_, index) => `${index},`).join(''));
      expect(upstream.ends).toBe(1);
      way.close();
      way.body.release();
      expect(held()).toBe(0);
    }),
  );
});
