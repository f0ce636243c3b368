import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  forgetRefusedTraffic,
  parseRefusedTraffic,
  takeRefusedTraffic,
} from '../../../worker/network/refused-packet.ts';
import { openRouterNamespace, type RouterNamespace } from '../../../worker/network/router-namespace.ts';
import { slotShares } from '../../../worker/network/ruleset.ts';
import { slotAddress, type SlotAddress } from '../../../worker/network/slot-address.ts';
import { deleteSlots, makeSlots } from '../../../worker/network/slot-set-up.ts';
import { closeRouter, sendDatagrams } from './slot-traffic.ts';

const set = (name: string, ...elements: unknown[]) =>
  JSON.stringify({
    nftables: [{ metainfo: {} }, { set: { family: 'inet', name, elem: elements } }, { rule: {} }],
  });

test('reads the slot sets, bare elements and counted ones, and nobody else’s', () => {
  const plain = { concat: ['8.8.8.8', 'udp', 443] };
  const nested = { elem: { val: { concat: ['1.1.1.1', 'icmp', 0] }, expires: 5 } };
  expect(parseRefusedTraffic(set('refused4_3', plain, nested), 3).packets).toEqual([
    { destination: '8.8.8.8', protocol: 'udp', port: 443, reason: 'udp' },
    { destination: '1.1.1.1', protocol: 'icmp', port: 0, reason: 'protocol' },
  ]);
  expect(
    parseRefusedTraffic(set('refused6_3', { concat: ['2001:db8::1', 'tcp', 443] }), 3).packets,
  ).toMatchObject([{ reason: 'ipv6' }]);
  expect(parseRefusedTraffic(set('refused4_33', plain), 3)).toEqual({ packets: [], unlisted: 0 });
  const counted = (packets: unknown) => ({
    elem: { val: { concat: ['1.1.1.1', 'udp', 1] }, counter: { packets, bytes: 1 } },
  });
  const all = [set('refused_3', counted(7), counted(4), counted('x')), set('refused4_3', counted(2))].join(
    '\n',
  );
  expect(parseRefusedTraffic(all, 3)).toMatchObject({ packets: [{}], unlisted: 9 });
});

test('no elements whatever JSON stands where they should be', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), (elements) => {
      for (const name of ['refused4_0', 'refused6_0', 'refused_0']) {
        const { packets, unlisted } = parseRefusedTraffic(set(name, ...elements), 0);
        expect(packets.every(({ destination }) => typeof destination === 'string')).toBe(true);
        expect(Number.isSafeInteger(unlisted)).toBe(true);
      }
    }),
  );
  for (const text of ['', 'warning: x\n', '{"nftables":[]}', '{}'])
    expect(parseRefusedTraffic(text, 0).packets).toEqual([]);
});

let router: RouterNamespace;
let slots: readonly SlotAddress[];

beforeAll(async () => {
  router = await openRouterNamespace(`clrk-rp-${randomUUID().slice(0, 8)}`);
  slots = [0, 1].map((index) => slotAddress(router.name, index));
  await makeSlots(router.name, slots);
});

afterAll(async () => {
  await deleteSlots(slots);
  await closeRouter(router);
});

test('S54: a flood of one slot fills its own sets and is counted; the neighbour’s one refusal is its one record', async () => {
  const [hostile, honest] = slots as [SlotAddress, SlotAddress];
  const flood = slotShares.refused4 + 500;
  await sendDatagrams(hostile, flood);
  await sendDatagrams(honest, 1);
  expect((await takeRefusedTraffic(router.name, honest.index)).packets).toHaveLength(1);
  const taken = await takeRefusedTraffic(router.name, hostile.index);
  expect(taken.packets).toHaveLength(slotShares.refused4);
  expect(taken.unlisted).toBe(500);
  // It has healed, and what was read once is nobody's again.
  await sendDatagrams(hostile, 2);
  expect(await takeRefusedTraffic(router.name, hostile.index)).toMatchObject({
    packets: [{}, {}],
    unlisted: 0,
  });
  expect(await takeRefusedTraffic(router.name, hostile.index)).toEqual({ packets: [], unlisted: 0 });
});

test('S54: what a slot was refused is never its next occupant’s, even if nobody has read it', async () => {
  const [hostile] = slots as [SlotAddress];
  await sendDatagrams(hostile, 3);
  await forgetRefusedTraffic(router.name, [hostile.index]);
  await sendDatagrams(hostile, 3);
  await deleteSlots([hostile]);
  await makeSlots(router.name, [hostile]);
  await sendDatagrams(hostile, 1);
  expect((await takeRefusedTraffic(router.name, hostile.index)).packets).toHaveLength(1);
});
