/** Many agents, bursts, telemetry that comes and goes: the promises of the queue hold at every step. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AttributeList } from '../../../egress/record/attribute-list.ts';
import { RecordQueue, type RecordSlot } from '../../../egress/record/record-queue.ts';
import { countOf, RefusalMerger } from '../../../egress/record/refusal-merger.ts';
import { createSimpleRecord, LazyEvent, type SpanRecord } from '../../../egress/record/span-record.ts';
import { parseTraceRequest } from '../../../telemetry/otlp/otlp-message.ts';
import { nanoseconds } from '../../../telemetry/otlp/otlp-value.ts';

interface Call {
  readonly name: string;
  readonly agentId: string;
  readonly bytes?: number;
  readonly refused?: boolean;
  readonly at?: number;
}

function recordOf({ name, agentId, bytes = 0, refused = false, at = 1_000 }: Call): SpanRecord {
  const attributes = new AttributeList();
  attributes.put('agent.name', agentId);
  const record = createSimpleRecord({
    name,
    start: at,
    end: at,
    agentId,
    refused,
    attributes,
    errorMessage: refused ? 'policy' : undefined,
    log: { severity: 'INFO', body: 'egress call' },
  });
  const body = new LazyEvent({
    name: 'http.request.body',
    at,
    isBody: true,
    putAttributes: (sink) => sink.putAscii('clrk.body.b64', 'A'.repeat(bytes)),
  });
  return { ...record, events: bytes === 0 ? [] : [body] };
}

interface World {
  readonly queue: RecordQueue;
  /** Names of the spans telemetry has, and how many refusals they stand for. */
  readonly exported: Map<string, number>;
  dropped: number;
}

function openWorld(maxWaitingBytes: number): World {
  const world: World = {
    exported: new Map(),
    dropped: 0,
    queue: new RecordQueue({
      resource: {},
      maxWaitingBytes,
      onDropped: (records) => {
        world.dropped += records;
      },
      onQueued: () => undefined,
    }),
  };
  return world;
}

/** Telemetry takes one parcel. */
function deliver({ queue, exported }: World, now = 1_000): boolean {
  const parcel = queue.next(now);
  if (parcel === undefined) return false;
  if (parcel.signal === 'traces') {
    const [group] = parseTraceRequest('protobuf', parcel.body).resourceSpans ?? [];
    for (const { name = '', attributes = [] } of group?.scopeSpans?.[0]?.spans ?? []) {
      const count = attributes.find(({ key }) => key === 'clrk.record.count')?.value?.intValue;
      exported.set(name, (exported.get(name) ?? 0) + (count === undefined ? 1 : Number(nanoseconds(count))));
    }
  }
  queue.settle('sent', false);
  return true;
}

const limit = 2 * 1024 * 1024;
const step = fc.oneof(
  // A burst of one of the flooding agents.
  fc.record({
    kind: fc.constant('flood' as const),
    agent: fc.nat({ max: 4 }),
    calls: fc.integer({ min: 1, max: 60 }),
    bytes: fc.constantFrom(0, 100, 30_000, 300_000),
  }),
  fc.record({ kind: fc.constant('honest' as const) }),
  fc.record({
    kind: fc.constant('finish' as const),
    calls: fc.integer({ min: 1, max: 60 }),
    give: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('deliver' as const) }),
);

test('property S58: an honest agent is served beside floods, memory is bounded, and no admitted call is unrecorded', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const world = openWorld(limit);
      const { queue } = world;
      const open: Array<{ readonly slot: RecordSlot; readonly call: Call }> = [];
      const admitted: string[] = [];
      let count = 0;
      const start = (agentId: string, bytes: number): boolean => {
        const slot = queue.admit(agentId);
        if (slot === undefined) return false;
        count += 1;
        open.push({ slot, call: { name: `${agentId} ${count}`, agentId, bytes } });
        return true;
      };
      const finish = (give: boolean): void => {
        const next = open.shift();
        if (next === undefined) return;
        if (give) next.slot.release();
        else {
          admitted.push(next.call.name);
          next.slot.put(recordOf(next.call));
        }
      };
      for (const each of steps) {
        if (each.kind === 'flood') {
          for (let index = 0; index < each.calls; index += 1) start(`flood-${each.agent}`, each.bytes);
        } else if (each.kind === 'honest') {
          // One at a time, recorded at once: what waits of it is less than its part.
          const held = open.some(({ call }) => call.agentId === 'honest');
          const waiting = admitted.filter((name) => name.startsWith('honest') && !world.exported.has(name));
          if (!held && waiting.length < 2) expect(start('honest', 100)).toBe(true);
        } else if (each.kind === 'finish') {
          for (let index = 0; index < each.calls; index += 1) finish(each.give);
          queue.encode();
        } else deliver(world);
        expect(queue.heldBytes).toBeLessThanOrEqual(limit);
      }
      while (open.length > 0) finish(false);
      while (deliver(world));
      expect([...world.exported.keys()].sort()).toEqual(admitted.sort());
      expect(world.dropped).toBe(0);
      expect(queue.heldBytes).toBe(0);
      expect(queue.isEmpty).toBe(true);
    }),
    { numRuns: 60 },
  );
}, 120_000);

test('S58: one agent alone may hold much, and what it cannot have is refused, not dropped', () => {
  const world = openWorld(limit);
  let calls = 0;
  for (let slot = world.queue.admit('a'); slot !== undefined; slot = world.queue.admit('a')) {
    calls += 1;
    slot.put(recordOf({ name: `call ${calls}`, agentId: 'a', bytes: 10_000 }));
    world.queue.encode();
  }
  expect(world.queue.heldBytes).toBeGreaterThan(0.35 * limit);
  expect(world.queue.heldBytes).toBeLessThanOrEqual(limit / 2);
  expect(world.queue.admit('b')).toBeDefined();
  expect(world.dropped).toBe(0);
});

test('S58: as many agents as there are parts may hoard all they can get: the next one still has its own', () => {
  const { queue } = openWorld(limit);
  for (let agent = 0; agent < 15; agent += 1) while (queue.admit(`hoarder-${agent}`) !== undefined);
  for (let call = 0; call < 4; call += 1) expect(queue.admit('honest')).toBeDefined();
  expect(queue.heldBytes).toBeLessThanOrEqual(limit);
});

test('S58: a record is charged to who was admitted, whoever it says it is of', () => {
  const { queue } = openWorld(limit);
  queue.admit('a')?.put(recordOf({ name: 'x', agentId: 'b', bytes: 800_000 }));
  queue.encode();
  // Held by `a`: it may not have much more, while `b` has its own part.
  const slotsOf = (agentId: string): number => {
    let slots = 0;
    while (queue.admit(agentId) !== undefined) slots += 1;
    return slots;
  };
  expect([slotsOf('a') < 4, slotsOf('b') >= 4]).toEqual([true, true]);
});

test('a record that is too large for its share is told without its bodies', () => {
  const world = openWorld(limit);
  world.queue.admit('a')?.put(recordOf({ name: 'large', agentId: 'a', bytes: 1_900_000 }));
  world.queue.encode();
  const parcel = world.queue.next(0);
  expect(parcel?.body.length).toBeLessThan(2_000);
  expect(parcel?.body.includes('clrk.record.reduced')).toBe(true);
});

test('while telemetry is away the open batch fills: few parcels, and no more memory than is accounted for', () => {
  const { queue } = openWorld(16 * limit);
  let parcels = 0;
  for (let turn = 0; turn < 4_000; turn += 1) {
    queue.admit('a')?.put(recordOf({ name: 'x', agentId: 'a', bytes: 500 }));
    queue.encode();
    // As the timer does, four times a second.
    if (queue.next(turn) !== undefined) parcels += 1;
  }
  expect(parcels).toBeGreaterThan(0);
  let bodies = 0;
  let memory = 0;
  for (let parcel = queue.next(0); parcel !== undefined; parcel = queue.next(0)) {
    bodies += 1;
    memory += parcel.body.buffer.byteLength;
    queue.settle('sent', false);
  }
  expect(bodies).toBeLessThan(12);
  expect(memory).toBeLessThan(2.5 * 4_000 * 1_000);
});

test('property: refusals are told a few a second for each agent, and their counts add up to all there were', () => {
  const refusal = fc.tuple(
    fc.nat({ max: 3 }),
    fc.constantFrom('a', 'b', 'c'),
    fc.integer({ min: 0, max: 20 }),
  );
  fc.assert(
    fc.property(fc.array(refusal, { maxLength: 300, size: 'max' }), (refusals) => {
      const merger = new RefusalMerger();
      const told: SpanRecord[] = [];
      let now = 0;
      for (const [agent, name, wait] of refusals) {
        now += wait;
        const next = merger.offer(recordOf({ name, agentId: `agent-${agent}`, refused: true, at: now }));
        if (next !== undefined) told.push(next);
      }
      for (let agent = 0; agent < 4; agent += 1) {
        const own = told.filter(({ agentId }) => agentId === `agent-${agent}`).length;
        expect(own).toBeLessThanOrEqual(20 + Math.ceil((now / 1_000) * 5) + 1);
      }
      told.push(...merger.due(now, true));
      expect(told.reduce((sum, record) => sum + countOf(record), 0)).toBe(refusals.length);
      expect(merger.isEmpty).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test('S58: a flood of refusals is a few records with a count, and pushes nobody out', () => {
  const world = openWorld(limit);
  for (let index = 0; index < 50_000; index += 1) {
    world.queue.add(
      recordOf({ name: 'egress.dial.denied', agentId: 'evil', refused: true, at: 1_000 + index / 10 }),
    );
    if (index % 1_000 === 0)
      world.queue.add(recordOf({ name: 'other denied', agentId: 'honest', refused: true }));
  }
  const slot = world.queue.admit('honest');
  expect(slot).toBeDefined();
  slot?.put(recordOf({ name: 'honest call', agentId: 'honest' }));
  world.queue.finish(7_000);
  while (deliver(world, 7_000));
  expect(world.exported.get('egress.dial.denied')).toBe(50_000);
  expect(world.exported.get('other denied')).toBe(50);
  expect(world.exported.get('honest call')).toBe(1);
  expect(world.queue.mergedRefusals).toBeGreaterThan(49_000);
  expect(world.dropped).toBe(0);
});

test('what is given up in the end is counted, refusals that wait for their record too', () => {
  const world = openWorld(limit);
  world.queue.admit('a')?.put(recordOf({ name: 'call', agentId: 'a' }));
  for (let index = 0; index < 100; index += 1) {
    world.queue.add(recordOf({ name: 'denied', agentId: 'a', refused: true }));
  }
  world.queue.drop();
  expect(world.dropped).toBe(101);
  expect([world.queue.isEmpty, world.queue.heldBytes]).toEqual([true, 0]);
});
