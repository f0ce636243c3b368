import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRouterNamespace, type RouterNamespace } from '../../../worker/network/router-namespace.ts';
import { slotAddress, type SlotAddress } from '../../../worker/network/slot-address.ts';
import { deleteSlots, makeSlots } from '../../../worker/network/slot-set-up.ts';
import { runCommand } from '../../../worker/system/command.ts';
import { closeRouter } from './slot-traffic.ts';

let router: RouterNamespace;
let slots: readonly SlotAddress[] = [];
beforeAll(async () => {
  router = await openRouterNamespace(`clrk-ss-${randomUUID().slice(0, 8)}`);
});
afterAll(async () => {
  await deleteSlots(slots);
  await closeRouter(router);
});

test('a slot is made where the interface of the one before has not gone yet', async () => {
  slots = [0, 1].map((index) => slotAddress(router.name, index));
  const [, second] = slots;
  const name = second?.hostInterface ?? '';
  const links = async (): Promise<string> =>
    await runCommand('ip', ['-n', router.name, '-br', 'link', 'show']);
  await runCommand('ip', ['-n', router.name, 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'before']);
  expect(await links()).toContain('before@');
  await makeSlots(router.name, slots);
  const made = await links();
  expect(slots.filter(({ hostInterface }) => !made.includes(`${hostInterface}@`))).toEqual([]);
  expect(made).not.toContain('before@');
});
